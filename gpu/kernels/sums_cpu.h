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

template <class Draw>
static void chunk_sums(Wide paths, Wide chunk, Draw draw, double *out)
{
    double sums[SUMS][COLUMNS] = {};
    const Wide first = chunk * CHUNK;
    const Wide left = paths - first;
    const unsigned count = left < (Wide)CHUNK ? (unsigned)left : (unsigned)CHUNK;
    const Word lanes = lane_numbers();
    for (unsigned k = 0; k < count; k += LANES) {
        const Sample s = draw(lanes + (unsigned)(first + k), (unsigned)(first >> 32));
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
template <class Draw>
static void all_sums(Wide paths, unsigned threads, Draw draw, double *out)
{
    const Wide chunks = (paths + CHUNK - 1) / CHUNK;
    std::atomic<Wide> next{0};
    auto work = [&] {
        for (Wide chunk; (chunk = next.fetch_add(1)) < chunks;)
            chunk_sums(paths, chunk, draw, out + chunk * SUMS);
    };
    on_threads(threads, work);
}

// out[paths][2]: value and control of each sample.
template <class Draw>
static void all_paths(Wide paths, Draw draw, float *out)
{
    const Word lanes = lane_numbers();
    for (Wide first = 0; first < paths; first += LANES) {
        const Sample s = draw(lanes + (unsigned)first, (unsigned)(first >> 32));
        for (Wide i = 0; i < LANES && first + i < paths; ++i) {
            out[2 * (first + i)] = s.value[i];
            out[2 * (first + i) + 1] = s.control[i];
        }
    }
}
