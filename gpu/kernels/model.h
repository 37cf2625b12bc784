// Prices with a stochastic variance, with jumps, with both or with neither, at equidistant steps.

enum { NO_JUMPS = 0, NORMAL_JUMPS = 1, EXPONENTIAL_JUMPS = 2 };
enum { VALUE = 0, DELTA = 1, VEGA = 2 };
enum { MOST_JUMPS = 32 }; // of a step

struct Model {
    Wide paths;
    Wide seed;
    unsigned fixings;
    unsigned steps; // between two fixings
    unsigned payoff;
    unsigned output;
    unsigned antithetic;
    unsigned heston; // whether the variance is stochastic
    unsigned jumps;
    float weight; // of this task in the sample
    float sign;   // 1 of a call, -1 of a put
    float spot;
    float strike;
    float barrier; // logarithm of barrier / spot
    float drift;   // of the logarithm, a step, without jumps and variance
    float vol;     // of the logarithm, a step, where the variance is not stochastic
    // The variance after a step has mean `decay v + pull` and variance `spread v + floor`.
    float start, decay, pull, spread, floor;
    float lead;  // of the logarithm, a unit of the next variance
    float noise; // variance of the logarithm, a unit of the sum of both variances
    float tilt;  // exponent of the next variance in the expected price
    float jump_mean, jump_vol;  // of the logarithm
    float up_mean, down_mean;   // of the logarithm
    unsigned up_below;          // a jump is upward if its word is below
    unsigned most;              // jumps of a step
    unsigned counts[MOST_JUMPS]; // more than k jumps if the word is not below counts[k]
};

struct Way { Word path; unsigned path_high; Wide seed; float sign; unsigned flip; };
struct Price { Real log, variance, sum_log, sum, high, low, alive, slope, sum_slope, sum_priced; };

FN Words words_of(const Way &way, unsigned step, unsigned stream)
{
    return philox(Words{way.path, word(way.path_high), word(step), word(stream)},
                  (unsigned)way.seed, (unsigned)(way.seed >> 32));
}

// Andersen (2008), "Simple and efficient simulation of the Heston stochastic volatility model":
// the quadratic of a normal number where the variance is far from 0, else 0 or exponential.
// `growth` is the logarithm of the expectation of exp(tilt next), section 4.3.
FN Real next_variance(const Model &task, Real v, Real z, Word w, Real &growth)
{
    const Real mean = v * task.decay + task.pull;
    const Real ratio = (v * task.spread + task.floor) / (mean * mean);
    const Mask far = ratio < 1.5f;
    const Real inverse = 2.0f / pick(far, ratio, real(1.5f));
    const Real square = inverse - 1.0f + sqrt_of(inverse * (inverse - 1.0f));
    const Real scale = mean / (square + 1.0f);
    const Real root = sqrt_of(square) + z;
    const Real narrow = 1.0f - scale * (2.0f * task.tilt);
    growth = square * scale * task.tilt / narrow - log_of(narrow) * 0.5f;
    const Real next = scale * root * root;
    if (!any_of(ratio >= 1.5f))
        return next;
    const Real rest = 2.0f / (pick(far, real(1.5f), ratio) + 1.0f); // chance not to be 0
    const Real tail = mean / rest;
    const Real excess = exponential(w) + log_of(rest);
    const Real expected = 1.0f - rest + rest / (1.0f - tail * task.tilt);
    growth = pick(far, growth, log_of(expected));
    return pick(far, next, pick(excess > 0.0f, excess * tail, real(0.0f)));
}

// The jumps of a step together. Their number is exact, by a table of its distribution.
FN Real jumps_of(const Model &task, const Way &way, unsigned step, Word w)
{
    Real number = real(0.0f);
    for (unsigned k = 0; k < task.most; ++k) {
        const Mask more = w >= task.counts[k];
        if (!any_of(more))
            break;
        number = number + pick(more, real(1.0f), real(0.0f));
    }
    Real sum = real(0.0f);
    if (!any_of(number > 0.0f))
        return sum;
    if (task.jumps == NORMAL_JUMPS) {
        const Words drawn = words_of(way, step, 2u);
        Real z, unused;
        box_muller(drawn.a, drawn.b, z, unused);
        return number * task.jump_mean + sqrt_of(number) * z * (way.sign * task.jump_vol);
    }
    for (unsigned k = 0; k < task.most; k += 2) {
        const float one = (float)k, two = one + 1.0f;
        if (!any_of(number > one))
            break;
        const Words drawn = words_of(way, step, 2u + k / 2u);
        const Real a = exponential(drawn.b ^ way.flip), b = exponential(drawn.d ^ way.flip);
        const Real first = pick(drawn.a < task.up_below, a * task.up_mean, a * -task.down_mean);
        const Real second = pick(drawn.c < task.up_below, b * task.up_mean, b * -task.down_mean);
        sum = sum + pick(number > one, first, real(0.0f)) + pick(number > two, second, real(0.0f));
    }
    return sum;
}

// Stream 1: a normal number of the price, one of the variance, a word of the variance's tail and
// one of the number of jumps. Streams from 2: the jumps.
FN void advance(const Model &task, const Way &way, unsigned step, Price &s)
{
    const Words w = words_of(way, step, 1u);
    Real z, z_variance;
    box_muller(w.a, w.b, z, z_variance);
    z = z * way.sign;
    const Real before = s.log;
    if (task.heston) {
        Real growth;
        const Real next =
            next_variance(task, s.variance, z_variance * way.sign, w.c ^ way.flip, growth);
        const Real both = (s.variance + next) * task.noise;
        const Real change = next * task.lead - growth - s.variance * (0.5f * task.noise);
        s.log = s.log + (change + task.drift + sqrt_of(both) * z);
        s.variance = next;
    } else {
        s.log = s.log + (z * task.vol + task.drift);
    }
    if (task.output == VEGA)
        s.slope = s.slope + (z - task.vol);
    if (task.jumps != NO_JUMPS)
        s.log = s.log + jumps_of(task, way, step, w.d ^ way.flip);
    if (task.payoff == KNOCK_OUT || task.payoff == KNOCK_IN)
        s.alive = s.alive * survival(before, s.log, task.barrier, task.vol);
}

FN void fix(const Model &task, Price &s)
{
    s.high = pick(s.log > s.high, s.log, s.high);
    s.low = pick(s.log < s.low, s.log, s.low);
    if (task.payoff != ARITHMETIC && task.payoff != GEOMETRIC)
        return;
    const Real price = exp_of(s.log);
    s.sum_log = s.sum_log + s.log;
    s.sum = s.sum + price;
    s.sum_slope = s.sum_slope + s.slope;
    s.sum_priced = s.sum_priced + price * s.slope;
}

// What the payoff is the gain of, in units of the spot, and its derivative to the volatility.
FN Real level_of(const Model &task, const Price &s, Real &slope)
{
    const float share = 1.0f / (float)task.fixings;
    if (task.payoff == ARITHMETIC) {
        slope = s.sum_priced * share;
        return s.sum * share;
    }
    if (task.payoff == GEOMETRIC) {
        const Real level = exp_of(s.sum_log * share);
        slope = level * s.sum_slope * share;
        return level;
    }
    slope = real(0.0f);
    if (task.payoff == LOOKBACK_FIXED)
        return exp_of(task.sign > 0.0f ? s.high : s.low);
    const Real level = exp_of(s.log);
    slope = level * s.slope;
    return level;
}

// The control has a known expectation: the average of the fixings under an arithmetic one, the
// option without barrier, and under any other payoff the last price.
FN Sample settled(const Model &task, const Price &s)
{
    Real slope;
    const Real level = level_of(task, s, slope) * task.spot;
    const Real control = task.payoff == ARITHMETIC ? level : exp_of(s.log) * task.spot;
    Real strike = real(task.strike);
    if (task.payoff == LOOKBACK_FLOATING)
        strike = exp_of(task.sign > 0.0f ? s.low : s.high) * task.spot;
    const Real x = (level - strike) * task.sign;
    const Mask in = x > 0.0f;
    const Real gain = pick(in, x, real(0.0f));
    if (task.payoff == KNOCK_OUT)
        return Sample{gain * s.alive, gain};
    if (task.payoff == KNOCK_IN)
        return Sample{gain * (1.0f - s.alive), gain};
    const float sign_of_spot = task.sign / task.spot;
    if (task.output == DELTA)
        return Sample{task.payoff == LOOKBACK_FLOATING
                          ? gain / task.spot : pick(in, level * sign_of_spot, real(0.0f)),
                      control};
    if (task.output == VEGA)
        return Sample{pick(in, slope * (task.sign * task.spot), real(0.0f)), control};
    return Sample{gain, control};
}

FN Sample one_way(const Model &task, const Way &way)
{
    const Real zero = real(0.0f);
    Price s = {zero, real(task.start), zero, zero, zero, zero, real(1.0f), zero, zero, zero};
    for (unsigned fixing = 0, step = 0; fixing < task.fixings; ++fixing) {
        for (unsigned k = 0; k < task.steps; ++k, ++step)
            advance(task, way, step, s);
        fix(task, s);
    }
    return settled(task, s);
}

// The weighted sum of tasks on the same random numbers; of each a path, or the mean of it and its
// mirror: one sample either way.
FN Sample mixed(const Model *tasks, unsigned count, Word path, unsigned path_high)
{
    Sample sum = {real(0.0f), real(0.0f)};
    for (unsigned i = 0; i < count; ++i) {
        const Model &task = tasks[i];
        const unsigned ways = task.antithetic ? 2u : 1u;
        const float weight = task.weight / (float)ways;
        for (unsigned k = 0; k < ways; ++k) {
            const Way way = {path, path_high, task.seed, k ? -1.0f : 1.0f, k ? ~0u : 0u};
            const Sample one = one_way(task, way);
            sum.value = sum.value + one.value * weight;
            sum.control = sum.control + one.control * weight;
        }
    }
    return sum;
}
