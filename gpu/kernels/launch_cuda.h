// One block of THREADS takes whole chunks, so that the sums of a chunk do not depend on the grid.
enum { THREADS = 256 };

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
    __shared__ double shared[SUMS][THREADS];
    const Wide chunks = (paths + CHUNK - 1) / CHUNK;
    for (Wide chunk = blockIdx.x; chunk < chunks; chunk += gridDim.x) {
        double sums[SUMS] = {0.0, 0.0, 0.0, 0.0, 0.0};
        for (unsigned k = threadIdx.x; k < CHUNK; k += THREADS) {
            const Wide i = chunk * CHUNK + k;
            if (i >= paths)
                break;
            const Sample s = sample_of(task, (unsigned)i, (unsigned)(i >> 32));
            const double y = s.value, x = s.control;
            sums[0] += y;
            sums[1] += y * y;
            sums[2] += x;
            sums[3] += x * x;
            sums[4] += x * y;
        }
        for (int c = 0; c < SUMS; ++c)
            shared[c][threadIdx.x] = sums[c];
        for (unsigned half = THREADS / 2; half > 0; half /= 2) {
            __syncthreads();
            if (threadIdx.x < half)
                for (int c = 0; c < SUMS; ++c)
                    shared[c][threadIdx.x] += shared[c][threadIdx.x + half];
        }
        __syncthreads();
        if (threadIdx.x < SUMS)
            out[chunk * SUMS + threadIdx.x] = shared[threadIdx.x][0];
        __syncthreads();
    }
}

// out[paths][2]: value and control of each sample.
extern "C" __global__ void gbm_paths(GBM_ARGUMENTS, float *out)
{
    const Gbm task = GBM_TASK;
    const Wide i = (Wide)blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= paths)
        return;
    const Sample s = sample_of(task, (unsigned)i, (unsigned)(i >> 32));
    out[2 * i] = s.value;
    out[2 * i + 1] = s.control;
}
