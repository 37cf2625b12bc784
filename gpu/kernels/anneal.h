// Annealing of the spins of E(s) = -sum J s s - sum h s; each lane is a replica.

struct Graph {
    unsigned spins;
    const unsigned *rows;     // first edge of each spin, and the end of the last one
    const unsigned *columns;  // the other spin of each edge
    const float *couplings;
};

// Costs of a flip are compared with exponential numbers, which end there.
#define HIGHEST_COST 17.3286795f

// What a flip costs at inverse temperature beta, if it raises the energy by `rise`.
struct Thermal {
    float beta;
};

FN Real cost_of(const Thermal &bath, unsigned, Real, Real rise) { return rise * bath.beta; }

// The same in one slice of a path integral: a spin is bound to itself in the slices beside it.
template <class Cells> struct Bound {
    Cells before, after;
    float beta, bond;
};

template <class Cells>
FN Real cost_of(const Bound<Cells> &slice, unsigned i, Real spin, Real rise)
{
    return rise * slice.beta + spin * (slice.before.at(i) + slice.after.at(i)) * (2.0f * slice.bond);
}

// Offer each spin a flip, once, in order, by the rule of Metropolis. Counter of the random numbers:
// (replica, sweep, block of four spins, stream).
template <class Cells, class Costs>
FN Real sweep_of(const Graph &graph, Cells fields, Cells spins, const Costs &costs, Word replica,
                 unsigned sweep, unsigned stream, Wide seed)
{
    Real energy = real(0.0f);
    for (unsigned block = 0; 4 * block < graph.spins; ++block) {
        const Words w = philox(Words{replica, word(sweep), word(block), word(stream)},
                               (unsigned)seed, (unsigned)(seed >> 32));
        for (unsigned k = 0; k < 4 && 4 * block + k < graph.spins; ++k) {
            const unsigned i = 4 * block + k;
            const Real spin = spins.at(i);
            const Real rise = spin * fields.at(i) * 2.0f;
            const Real cost = cost_of(costs, i, spin, rise);
            if (!any_of(cost < HIGHEST_COST))
                continue;
            const Word random = k == 0 ? w.a : k == 1 ? w.b : k == 2 ? w.c : w.d;
            const Mask flips = cost < exponential(random);
            if (!any_of(flips))
                continue;
            const Real change = pick(flips, spin * -2.0f, real(0.0f));
            energy = energy + pick(flips, rise, real(0.0f));
            spins.at(i) = spin + change;
            for (unsigned e = graph.rows[i]; e < graph.rows[i + 1]; ++e)
                fields.at(graph.columns[e]) = fields.at(graph.columns[e]) + change * graph.couplings[e];
        }
    }
    return energy;
}

// Random spins, counter (replica, 0, block, 0), and what the others do to each.
template <class Cells>
FN void start_of(const Graph &graph, const float *external, Cells fields, Cells spins, Word replica,
                 Wide seed)
{
    for (unsigned i = 0; i < graph.spins; ++i) {
        const Words w = philox(Words{replica, word(0u), word(i), word(0u)}, (unsigned)seed,
                               (unsigned)(seed >> 32));
        spins.at(i) = pick((w.a & 1u) != 0u, real(1.0f), real(-1.0f));
    }
    for (unsigned i = 0; i < graph.spins; ++i) {
        Real sum = real(external[i]);
        for (unsigned e = graph.rows[i]; e < graph.rows[i + 1]; ++e)
            sum = sum + spins.at(graph.columns[e]) * graph.couplings[e];
        fields.at(i) = sum;
    }
}

// Anneal by a schedule and keep the best state that the end of a sweep of its second half had.
template <class Cells>
FN void anneal(const Graph &graph, const float *external, const float *betas, unsigned sweeps,
               Cells fields, Cells spins, Cells best, Word replica, Wide seed)
{
    start_of(graph, external, fields, spins, replica, seed);
    Real energy = real(0.0f), least = real(3.0e38f);
    for (unsigned sweep = 0; sweep < sweeps; ++sweep) {
        energy = energy + sweep_of(graph, fields, spins, Thermal{betas[sweep]}, replica, sweep + 1,
                                   1u, seed);
        if (2 * sweep + 2 < sweeps)
            continue;
        const Mask better = energy < least;
        if (!any_of(better))
            continue;
        least = pick(better, energy, least);
        for (unsigned i = 0; i < graph.spins; ++i)
            best.at(i) = pick(better, spins.at(i), best.at(i));
    }
}

// Path-integral annealing: all slices begin alike, so their energies are known from the same zero.
// memory: fields and spins of each slice, then the best state and the energy of each slice.
template <class Cells>
FN void quantum_anneal(const Graph &graph, const float *external, const float *bonds, float beta,
                       unsigned sweeps, unsigned slices, Cells memory, Word replica, Wide seed)
{
    const unsigned n = graph.spins;
    const Cells best = memory.part(2 * slices * n), energies = memory.part((2 * slices + 1) * n);
    start_of(graph, external, memory, memory.part(slices * n), replica, seed);
    for (unsigned slice = 1; slice < slices; ++slice)
        for (unsigned i = 0; i < n; ++i) {
            memory.at(slice * n + i) = memory.at(i);
            memory.at((slices + slice) * n + i) = memory.at(slices * n + i);
        }
    for (unsigned slice = 0; slice < slices; ++slice)
        energies.at(slice) = real(0.0f);
    Real least = real(3.0e38f);
    for (unsigned sweep = 0; sweep < sweeps; ++sweep)
        for (unsigned slice = 0; slice < slices; ++slice) {
            const unsigned before = (slice + slices - 1) % slices, after = (slice + 1) % slices;
            const Cells spins = memory.part((slices + slice) * n);
            const Bound<Cells> costs = {memory.part((slices + before) * n),
                                        memory.part((slices + after) * n), beta, bonds[sweep]};
            energies.at(slice) = energies.at(slice) + sweep_of(graph, memory.part(slice * n), spins,
                                                               costs, replica, sweep + 1, 2u + slice,
                                                               seed);
            if (2 * sweep + 2 < sweeps)
                continue;
            const Mask better = energies.at(slice) < least;
            if (!any_of(better))
                continue;
            least = pick(better, energies.at(slice), least);
            for (unsigned i = 0; i < n; ++i)
                best.at(i) = pick(better, spins.at(i), best.at(i));
        }
}
