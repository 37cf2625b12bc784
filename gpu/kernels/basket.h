// Correlated geometric Brownian motions at equidistant fixings, exact at each.

enum { MOST_ASSETS = 32 };
enum { SUM = 0, PRODUCT = 1, BEST = 2, WORST = 3 };

struct Basket {
    Wide paths;
    Wide seed;
    unsigned assets;
    unsigned fixings;
    unsigned payoff;
    unsigned antithetic;
    float sign;   // 1 of a call, -1 of a put
    float strike;
    float total;  // of all amounts
    float amounts[MOST_ASSETS];                     // weight times spot
    float shares[MOST_ASSETS];                      // exponents of the product
    float drifts[MOST_ASSETS];                      // of the logarithm, a step
    float factors[MOST_ASSETS * (MOST_ASSETS + 1) / 2]; // Cholesky, of the logarithms, a step; rows
};

// The four normal numbers of an asset and the next three: block (fixing, four assets).
FN void draw(const Basket &task, Word path, unsigned path_high, unsigned fixing, Real *z)
{
    const unsigned blocks = (task.assets + 3) / 4;
    for (unsigned block = 0; block < blocks; ++block) {
        const Normals four = normals(path, path_high, fixing * blocks + block, task.seed);
        z[4 * block] = four.a;
        z[4 * block + 1] = four.b;
        z[4 * block + 2] = four.c;
        z[4 * block + 3] = four.d;
    }
}

// Levels at the end or averaged over the fixings: what the payoff is the gain of, the weighted sum
// and the logarithm of the product over the total.
struct Levels { Real own, sum, log_product; };

FN Levels levels_of(const Basket &task, Word path, unsigned path_high, float sign)
{
    Real log[MOST_ASSETS], z[MOST_ASSETS];
    for (unsigned i = 0; i < task.assets; ++i)
        log[i] = real(0.0f);
    Levels mean = {real(0.0f), real(0.0f), real(0.0f)};
    for (unsigned fixing = 0; fixing < task.fixings; ++fixing) {
        draw(task, path, path_high, fixing, z);
        Real own = real(0.0f);
        for (unsigned i = 0, k = 0; i < task.assets; ++i) {
            Real change = real(0.0f);
            for (unsigned j = 0; j <= i; ++j, ++k)
                change = change + z[j] * task.factors[k];
            log[i] = log[i] + (change * sign + task.drifts[i]);
            const Real amount = exp_of(log[i]) * task.amounts[i];
            mean.sum = mean.sum + amount;
            mean.log_product = mean.log_product + log[i] * task.shares[i];
            if (task.payoff == BEST)
                own = i ? pick(amount > own, amount, own) : amount;
            if (task.payoff == WORST)
                own = i ? pick(amount < own, amount, own) : amount;
        }
        mean.own = mean.own + own;
    }
    const float share = 1.0f / (float)task.fixings;
    return Levels{mean.own * share, mean.sum * share, mean.log_product * share};
}

// The control of a sum is the option on the product, and of any other payoff the sum.
FN Sample sample_of(const Basket &task, Word path, unsigned path_high, float sign)
{
    const Levels levels = levels_of(task, path, path_high, sign);
    const Real product = exp_of(levels.log_product) * task.total;
    Real level = levels.own;
    if (task.payoff == SUM)
        level = levels.sum;
    if (task.payoff == PRODUCT)
        level = product;
    const Real x = (level - task.strike) * task.sign;
    const Real value = pick(x > 0.0f, x, real(0.0f));
    if (task.payoff != SUM || task.total == 0.0f)
        return Sample{value, levels.sum};
    const Real y = (product - task.strike) * task.sign;
    return Sample{value, pick(y > 0.0f, y, real(0.0f))};
}

// A path, or the mean of it and its mirror: one sample either way.
FN Sample sample(const Basket &task, Word path, unsigned path_high)
{
    const Sample one = sample_of(task, path, path_high, 1.0f);
    if (!task.antithetic)
        return one;
    const Sample two = sample_of(task, path, path_high, -1.0f);
    return Sample{(one.value + two.value) * 0.5f, (one.control + two.control) * 0.5f};
}
