// What every path kernel shares: payoffs, samples, and how samples are counted.

enum { CHUNK = 4096, SUMS = 5 };
enum {
    EUROPEAN = 0,
    ARITHMETIC = 1,
    GEOMETRIC = 2,
    KNOCK_OUT = 3,
    KNOCK_IN = 4,
    LOOKBACK_FLOATING = 5,
    LOOKBACK_FIXED = 6
};

struct Sample { Real value, control; };

// Between two prices the logarithm is a Brownian bridge, whose chance to touch is known.
FN Real survival(Real before, Real after, float barrier, float vol)
{
    const float side = barrier > 0.0f ? 1.0f : -1.0f;
    const Real gap = (barrier - after) * side;
    const Real touch = exp_of((barrier - before) * side * gap * (-2.0f / (vol * vol)));
    return pick(gap > 0.0f, 1.0f - touch, real(0.0f));
}
