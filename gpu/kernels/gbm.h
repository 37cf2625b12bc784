// Geometric Brownian motion at equidistant fixings, exact at each.

enum { CHUNK = 4096, SUMS = 5 };
enum { EUROPEAN = 0, ARITHMETIC = 1, GEOMETRIC = 2 };

struct Gbm {
    Wide paths;
    Wide seed;
    unsigned steps;
    unsigned payoff;
    unsigned antithetic;
    float sign; // 1 of a call, -1 of a put
    float spot;
    float strike;
    float drift; // of the logarithm, a step
    float vol;   // of the logarithm, a step
};

struct Average { Real log, sum_log, sum; };
struct Sample { Real value, control; };

template <bool AVERAGE>
FN void advance(Average &s, Real z, float drift, float vol)
{
    s.log = s.log + (z * vol + drift);
    if (AVERAGE) {
        s.sum_log = s.sum_log + s.log;
        s.sum = s.sum + exp_of(s.log);
    }
}

template <bool AVERAGE>
FN Average walk(const Gbm &task, Word path, unsigned path_high, float vol)
{
    Average s = {real(0.0f), real(0.0f), real(0.0f)};
    const unsigned blocks = task.steps / 4, rest = task.steps % 4;
    for (unsigned block = 0; block < blocks; ++block) {
        const Normals z = normals(path, path_high, block, task.seed);
        advance<AVERAGE>(s, z.a, task.drift, vol);
        advance<AVERAGE>(s, z.b, task.drift, vol);
        advance<AVERAGE>(s, z.c, task.drift, vol);
        advance<AVERAGE>(s, z.d, task.drift, vol);
    }
    if (rest) {
        const Normals z = normals(path, path_high, blocks, task.seed);
        advance<AVERAGE>(s, z.a, task.drift, vol);
        if (rest > 1)
            advance<AVERAGE>(s, z.b, task.drift, vol);
        if (rest > 2)
            advance<AVERAGE>(s, z.c, task.drift, vol);
    }
    return s;
}

FN Real gain(const Gbm &task, Real price)
{
    const Real x = (price - task.strike) * task.sign;
    return pick(x > 0.0f, x, real(0.0f));
}

// An arithmetic average is controlled by the geometric one, any other payoff by the last price.
template <bool AVERAGE>
FN Sample one_way(const Gbm &task, Word path, unsigned path_high, float vol)
{
    const Average s = walk<AVERAGE>(task, path, path_high, vol);
    const Real last = exp_of(s.log) * task.spot;
    if (!AVERAGE)
        return Sample{gain(task, last), last};
    const float share = 1.0f / (float)task.steps;
    const Real geometric = gain(task, exp_of(s.sum_log * share) * task.spot);
    if (task.payoff == GEOMETRIC)
        return Sample{geometric, last};
    return Sample{gain(task, s.sum * (task.spot * share)), geometric};
}

// A path, or the mean of it and its mirror: one sample either way.
template <bool AVERAGE>
FN Sample sample(const Gbm &task, Word path, unsigned path_high)
{
    const Sample one = one_way<AVERAGE>(task, path, path_high, task.vol);
    if (!task.antithetic)
        return one;
    const Sample two = one_way<AVERAGE>(task, path, path_high, -task.vol);
    return Sample{(one.value + two.value) * 0.5f, (one.control + two.control) * 0.5f};
}
