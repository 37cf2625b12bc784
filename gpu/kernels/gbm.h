// Geometric Brownian motion at equidistant fixings, exact at each.

enum { LAST, AVERAGE, ALIVE }; // what a walk keeps beside the price

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
    float barrier; // logarithm of barrier / spot
};

struct Walk { Real log, sum_log, sum, alive; };

template <int KIND>
FN void advance(Walk &s, Real z, const Gbm &task, float vol)
{
    const Real before = s.log;
    s.log = s.log + (z * vol + task.drift);
    if (KIND == AVERAGE) {
        s.sum_log = s.sum_log + s.log;
        s.sum = s.sum + exp_of(s.log);
    }
    if (KIND == ALIVE)
        s.alive = s.alive * survival(before, s.log, task.barrier, vol);
}

template <int KIND>
FN Walk walk(const Gbm &task, Word path, unsigned path_high, float vol)
{
    Walk s = {real(0.0f), real(0.0f), real(0.0f), real(1.0f)};
    const unsigned blocks = task.steps / 4, rest = task.steps % 4;
    for (unsigned block = 0; block < blocks; ++block) {
        const Normals z = normals(path, path_high, block, task.seed);
        advance<KIND>(s, z.a, task, vol);
        advance<KIND>(s, z.b, task, vol);
        advance<KIND>(s, z.c, task, vol);
        advance<KIND>(s, z.d, task, vol);
    }
    if (rest) {
        const Normals z = normals(path, path_high, blocks, task.seed);
        advance<KIND>(s, z.a, task, vol);
        if (rest > 1)
            advance<KIND>(s, z.b, task, vol);
        if (rest > 2)
            advance<KIND>(s, z.c, task, vol);
    }
    return s;
}

FN Real gain(const Gbm &task, Real price)
{
    const Real x = (price - task.strike) * task.sign;
    return pick(x > 0.0f, x, real(0.0f));
}

// The control of an arithmetic average is the geometric one, that of an option that a barrier can
// knock out the option without it, and any other payoff has the last price.
template <int KIND>
FN Sample one_way(const Gbm &task, Word path, unsigned path_high, float vol)
{
    const Walk s = walk<KIND>(task, path, path_high, vol);
    const Real last = exp_of(s.log) * task.spot;
    if (KIND == LAST)
        return Sample{gain(task, last), last};
    if (KIND == ALIVE)
        return Sample{gain(task, last) * s.alive, gain(task, last)};
    const float share = 1.0f / (float)task.steps;
    const Real geometric = gain(task, exp_of(s.sum_log * share) * task.spot);
    if (task.payoff == GEOMETRIC)
        return Sample{geometric, last};
    return Sample{gain(task, s.sum * (task.spot * share)), geometric};
}

// A path, or the mean of it and its mirror: one sample either way.
template <int KIND>
FN Sample sample(const Gbm &task, Word path, unsigned path_high)
{
    const Sample one = one_way<KIND>(task, path, path_high, task.vol);
    if (!task.antithetic)
        return one;
    const Sample two = one_way<KIND>(task, path, path_high, -task.vol);
    return Sample{(one.value + two.value) * 0.5f, (one.control + two.control) * 0.5f};
}

FN Sample sample_of(const Gbm &task, Word path, unsigned path_high)
{
    if (task.payoff == EUROPEAN)
        return sample<LAST>(task, path, path_high);
    if (task.payoff == KNOCK_OUT)
        return sample<ALIVE>(task, path, path_high);
    return sample<AVERAGE>(task, path, path_high);
}
