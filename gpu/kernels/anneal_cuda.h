// A thread has a replica; the words of a spin lie side by side for all of them.
struct Cells {
    float *base;
    Wide stride;
    __device__ float &at(unsigned i) const { return base[i * stride]; }
    __device__ Cells part(unsigned i) const { return Cells{base + i * stride, stride}; }
};

FN void put(const Graph &graph, Cells best, unsigned k, signed char *out)
{
    for (unsigned i = 0; i < graph.spins; ++i)
        out[(Wide)k * graph.spins + i] = best.at(i) > 0.0f ? 1 : -1;
}

// memory[3 spins][replicas]; out[replicas][spins]: +1 and -1.
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
    const Cells cells = {memory + k, replicas}, best = cells.part(2 * spins);
    anneal(graph, external, betas, sweeps, cells, cells.part(spins), best, first + k, seed);
    put(graph, best, k, out);
}

// memory[(2 slices + 1) spins + slices][replicas]; out[replicas][spins]: +1 and -1.
extern "C" __global__ void quantum_replicas(unsigned spins, const unsigned *rows,
                                            const unsigned *columns, const float *couplings,
                                            const float *external, const float *bonds,
                                            unsigned sweeps, unsigned first, unsigned replicas,
                                            Wide seed, float *memory, signed char *out, float beta,
                                            unsigned slices)
{
    const unsigned k = blockIdx.x * blockDim.x + threadIdx.x;
    if (k >= replicas)
        return;
    const Graph graph = {spins, rows, columns, couplings};
    const Cells cells = {memory + k, replicas};
    quantum_anneal(graph, external, bonds, beta, sweeps, slices, cells, first + k, seed);
    put(graph, cells.part(2 * slices * spins), k, out);
}
