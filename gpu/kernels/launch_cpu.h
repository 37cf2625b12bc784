// Threads take chunks as they come; each chunk adds up alone. It has COLUMNS partial sums,
// so that the order of additions is the same for every width of vector.
enum { COLUMNS = 16 };

FN Word lane_numbers()
{
    Word lanes;
    for (unsigned i = 0; i < LANES; ++i)
        lanes[i] = i;
    return lanes;
}

template <int KIND>
static void chunk_sums(const Gbm &task, Wide chunk, double *out)
{
    double sums[SUMS][COLUMNS] = {};
    const Wide first = chunk * CHUNK;
    const Wide left = task.paths - first;
    const unsigned count = left < (Wide)CHUNK ? (unsigned)left : (unsigned)CHUNK;
    const Word lanes = lane_numbers();
    for (unsigned k = 0; k < count; k += LANES) {
        const Sample s = sample<KIND>(task, lanes + (unsigned)(first + k), (unsigned)(first >> 32));
        const unsigned used = count - k < LANES ? count - k : (unsigned)LANES;
        for (unsigned i = 0; i < used; ++i) {
            const unsigned column = (k + i) % COLUMNS;
            const double y = s.value[i], x = s.control[i];
            sums[0][column] += y;
            sums[1][column] += y * y;
            sums[2][column] += x;
            sums[3][column] += x * x;
            sums[4][column] += x * y;
        }
    }
    for (unsigned c = 0; c < SUMS; ++c) {
        out[c] = 0.0;
        for (unsigned i = 0; i < COLUMNS; ++i)
            out[c] += sums[c][i];
    }
}

// out[chunks][SUMS]
extern "C" void gbm_sums(const Gbm *task, unsigned threads, double *out)
{
    const Wide chunks = (task->paths + CHUNK - 1) / CHUNK;
    std::atomic<Wide> next{0};
    auto work = [&] {
        for (Wide chunk; (chunk = next.fetch_add(1)) < chunks;)
            if (task->payoff == EUROPEAN)
                chunk_sums<LAST>(*task, chunk, out + chunk * SUMS);
            else if (task->payoff == KNOCK_OUT)
                chunk_sums<ALIVE>(*task, chunk, out + chunk * SUMS);
            else
                chunk_sums<AVERAGE>(*task, chunk, out + chunk * SUMS);
    };
    std::vector<std::thread> others;
    for (unsigned i = 1; i < threads; ++i)
        others.emplace_back(work);
    work();
    for (std::thread &other : others)
        other.join();
}

// out[paths][2]: value and control of each sample.
extern "C" void gbm_paths(const Gbm *task, float *out)
{
    const Word lanes = lane_numbers();
    for (Wide first = 0; first < task->paths; first += LANES) {
        const Sample s = sample_of(*task, lanes + (unsigned)first, (unsigned)(first >> 32));
        for (Wide i = 0; i < LANES && first + i < task->paths; ++i) {
            out[2 * (first + i)] = s.value[i];
            out[2 * (first + i) + 1] = s.control[i];
        }
    }
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
