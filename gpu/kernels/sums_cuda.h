// One block of THREADS takes whole chunks, so that the sums of a chunk do not depend on the grid.
enum { THREADS = 256 };

// out[chunks][SUMS]
template <class Draw>
static __device__ void all_sums(Wide paths, Draw draw, double *out)
{
    __shared__ double shared[SUMS][THREADS];
    const Wide chunks = (paths + CHUNK - 1) / CHUNK;
    for (Wide chunk = blockIdx.x; chunk < chunks; chunk += gridDim.x) {
        double sums[SUMS] = {0.0, 0.0, 0.0, 0.0, 0.0};
        for (unsigned k = threadIdx.x; k < CHUNK; k += THREADS) {
            const Wide i = chunk * CHUNK + k;
            if (i >= paths)
                break;
            const Sample s = draw((unsigned)i, (unsigned)(i >> 32));
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
template <class Draw>
static __device__ void one_path(Wide paths, Draw draw, float *out)
{
    const Wide i = (Wide)blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= paths)
        return;
    const Sample s = draw((unsigned)i, (unsigned)(i >> 32));
    out[2 * i] = s.value;
    out[2 * i + 1] = s.control;
}
