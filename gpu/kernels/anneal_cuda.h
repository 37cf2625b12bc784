// A thread has a replica; the words of a spin lie side by side for all of them.
struct Cells {
    float *base;
    Wide stride;
    __device__ float &at(unsigned i) const { return base[i * stride]; }
};

// memory[3][spins][replicas]; out[replicas][spins]: +1 and -1.
extern "C" __global__ void anneal_replicas(unsigned spins, const unsigned *rows,
                                           const unsigned *columns, const float *couplings,
                                           const float *external, const float *betas,
                                           unsigned sweeps, unsigned first, unsigned replicas,
                                           Wide seed, float *memory, signed char *out)
{
    const unsigned k = blockIdx.x * blockDim.x + threadIdx.x;
    if (k >= replicas)
        return;
    const Graph graph = {spins, rows, columns, couplings};
    const Wide part = (Wide)spins * replicas;
    const Cells fields = {memory + k, replicas}, own = {memory + part + k, replicas};
    const Cells best = {memory + 2 * part + k, replicas};
    anneal(graph, external, betas, sweeps, fields, own, best, first + k, seed);
    for (unsigned i = 0; i < spins; ++i)
        out[(Wide)k * spins + i] = best.at(i) > 0.0f ? 1 : -1;
}
