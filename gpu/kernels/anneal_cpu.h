// Threads take replicas, as many at a time as a vector has lanes.
struct Cells {
    Real *base;
    Real &at(unsigned i) const { return base[i]; }
    Cells part(unsigned i) const { return Cells{base + i}; }
};

// Give each replica's lanes to a function, with memory for `words` numbers of each.
template <class Walk>
static void each_group(unsigned first, unsigned replicas, size_t words, unsigned threads, Walk walk)
{
    std::atomic<unsigned> next{0};
    auto work = [&] {
        std::vector<Real> memory(words);
        Word lanes;
        for (unsigned i = 0; i < LANES; ++i)
            lanes[i] = i;
        for (unsigned start; (start = next.fetch_add(LANES)) < replicas;)
            walk(Cells{memory.data()}, lanes + (first + start), start);
    };
    on_threads(threads, work);
}

static void put(const Graph &graph, Cells best, unsigned start, unsigned replicas, signed char *out)
{
    for (unsigned k = 0; k < LANES && start + k < replicas; ++k)
        for (unsigned i = 0; i < graph.spins; ++i)
            out[(size_t)(start + k) * graph.spins + i] = best.at(i)[k] > 0.0f ? 1 : -1;
}

// out[replicas][spins]: +1 and -1.
extern "C" void anneal_replicas(unsigned spins, const unsigned *rows, const unsigned *columns,
                                const float *couplings, const float *external, const float *betas,
                                unsigned sweeps, unsigned first, unsigned replicas, Wide seed,
                                unsigned threads, signed char *out)
{
    const Graph graph = {spins, rows, columns, couplings};
    each_group(first, replicas, (size_t)spins * 3, threads,
               [&](Cells memory, Word replica, unsigned start) {
        const Cells own = memory.part(spins), best = memory.part(2 * spins);
        anneal(graph, external, betas, sweeps, memory, own, best, replica, seed);
        put(graph, best, start, replicas, out);
    });
}

// out[replicas][spins]: +1 and -1.
extern "C" void quantum_replicas(unsigned spins, const unsigned *rows, const unsigned *columns,
                                 const float *couplings, const float *external, const float *bonds,
                                 unsigned sweeps, unsigned first, unsigned replicas, Wide seed,
                                 unsigned threads, signed char *out, float beta, unsigned slices)
{
    const Graph graph = {spins, rows, columns, couplings};
    each_group(first, replicas, (size_t)spins * (2 * slices + 1) + slices, threads,
               [&](Cells memory, Word replica, unsigned start) {
        quantum_anneal(graph, external, bonds, beta, sweeps, slices, memory, replica, seed);
        put(graph, memory.part(2 * slices * spins), start, replicas, out);
    });
}
