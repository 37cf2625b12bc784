template <int KIND>
static void sums_of(const Gbm &task, unsigned threads, double *out)
{
    all_sums(task.paths, threads, [&](Word path, unsigned high) {
        return sample<KIND>(task, path, high);
    }, out);
}

// out[chunks][SUMS]
extern "C" void gbm_sums(const Gbm *task, unsigned threads, double *out)
{
    if (task->payoff == EUROPEAN)
        sums_of<LAST>(*task, threads, out);
    else if (task->payoff == KNOCK_OUT)
        sums_of<ALIVE>(*task, threads, out);
    else
        sums_of<AVERAGE>(*task, threads, out);
}

// out[paths][2]: value and control of each sample.
extern "C" void gbm_paths(const Gbm *task, float *out)
{
    all_paths(task->paths, [&](Word path, unsigned high) { return sample_of(*task, path, high); },
              out);
}

// out[4 n]: the words of n counters of 4 words.
extern "C" void philox_words(Wide n, const unsigned *counters, Wide seed, unsigned *out)
{
    for (Wide first = 0; first < n; first += LANES) {
        Word in[4] = {};
        for (Wide i = 0; i < LANES && first + i < n; ++i)
            for (unsigned k = 0; k < 4; ++k)
                in[k][i] = counters[4 * (first + i) + k];
        const Words w = philox(Words{in[0], in[1], in[2], in[3]}, (unsigned)seed, (unsigned)(seed >> 32));
        for (Wide i = 0; i < LANES && first + i < n; ++i) {
            out[4 * (first + i)] = w.a[i];
            out[4 * (first + i) + 1] = w.b[i];
            out[4 * (first + i) + 2] = w.c[i];
            out[4 * (first + i) + 3] = w.d[i];
        }
    }
}

// out[2][n]: exp and log of in[n].
extern "C" void exp_log(Wide n, const float *in, float *out)
{
    for (Wide first = 0; first < n; first += LANES) {
        Real x = real(1.0f);
        for (Wide i = 0; i < LANES && first + i < n; ++i)
            x[i] = in[first + i];
        const Real e = exp_of(x), l = log_of(x);
        for (Wide i = 0; i < LANES && first + i < n; ++i) {
            out[first + i] = e[i];
            out[n + first + i] = l[i];
        }
    }
}

// out[2][n]: sine and cosine of 2 pi w / 2^32 of in[n].
extern "C" void sine_cosine(Wide n, const unsigned *in, float *out)
{
    for (Wide first = 0; first < n; first += LANES) {
        Word w = word(0u);
        for (Wide i = 0; i < LANES && first + i < n; ++i)
            w[i] = in[first + i];
        Real sine, cosine;
        sincos_of(w, sine, cosine);
        for (Wide i = 0; i < LANES && first + i < n; ++i) {
            out[first + i] = sine[i];
            out[n + first + i] = cosine[i];
        }
    }
}
