// Threads take replicas, as many at a time as a vector has lanes.
struct Cells {
    Real *base;
    Real &at(unsigned i) const { return base[i]; }
};

// out[replicas][spins]: +1 and -1.
extern "C" void anneal_replicas(unsigned spins, const unsigned *rows, const unsigned *columns,
                                const float *couplings, const float *external, const float *betas,
                                unsigned sweeps, unsigned first, unsigned replicas, Wide seed,
                                unsigned threads, signed char *out)
{
    const Graph graph = {spins, rows, columns, couplings};
    std::atomic<unsigned> next{0};
    auto work = [&] {
        std::vector<Real> memory((size_t)spins * 3);
        Word lanes;
        for (unsigned i = 0; i < LANES; ++i)
            lanes[i] = i;
        for (unsigned start; (start = next.fetch_add(LANES)) < replicas;) {
            const Cells fields = {memory.data()}, own = {memory.data() + spins};
            const Cells best = {memory.data() + 2 * (size_t)spins};
            anneal(graph, external, betas, sweeps, fields, own, best, lanes + (first + start), seed);
            for (unsigned k = 0; k < LANES && start + k < replicas; ++k)
                for (unsigned i = 0; i < spins; ++i)
                    out[(size_t)(start + k) * spins + i] = best.at(i)[k] > 0.0f ? 1 : -1;
        }
    };
    std::vector<std::thread> others;
    for (unsigned i = 1; i < threads; ++i)
        others.emplace_back(work);
    work();
    for (std::thread &other : others)
        other.join();
}
