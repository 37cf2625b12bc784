// out[4 n]: the words of counter (i, 0, block, 0).
extern "C" __global__ void philox_words(Wide n, Wide seed, unsigned block, unsigned *out)
{
    const Wide i = (Wide)blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= n)
        return;
    const Words counter = {(unsigned)i, (unsigned)(i >> 32), block, 0u};
    const Words w = philox(counter, (unsigned)seed, (unsigned)(seed >> 32));
    out[4 * i] = w.a;
    out[4 * i + 1] = w.b;
    out[4 * i + 2] = w.c;
    out[4 * i + 3] = w.d;
}

#define GBM_ARGUMENTS                                                                              \
    Wide paths, Wide seed, unsigned steps, unsigned payoff, unsigned antithetic, float sign,       \
        float spot, float strike, float drift, float vol, float barrier
#define GBM_TASK {paths, seed, steps, payoff, antithetic, sign, spot, strike, drift, vol, barrier}

// out[chunks][SUMS]
extern "C" __global__ void gbm_sums(GBM_ARGUMENTS, double *out)
{
    const Gbm task = GBM_TASK;
    all_sums(paths, [&](Word path, unsigned high) { return sample_of(task, path, high); }, out);
}

// out[paths][2]: value and control of each sample.
extern "C" __global__ void gbm_paths(GBM_ARGUMENTS, float *out)
{
    const Gbm task = GBM_TASK;
    one_path(paths, [&](Word path, unsigned high) { return sample_of(task, path, high); }, out);
}
