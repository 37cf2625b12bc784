// Philox 4x32-10 of Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3".

struct Words { Word a, b, c, d; };
struct Normals { Real a, b, c, d; };

FN Words philox(Words counter, unsigned key_low, unsigned key_high)
{
    for (int round = 0; round < 10; ++round) {
        Word high_a, low_a, high_c, low_c;
        multiply(counter.a, 0xD2511F53u, high_a, low_a);
        multiply(counter.c, 0xCD9E8D57u, high_c, low_c);
        counter = Words{high_c ^ counter.b ^ key_low, low_c, high_a ^ counter.d ^ key_high, low_a};
        key_low += 0x9E3779B9u;
        key_high += 0xBB67AE85u;
    }
    return counter;
}

// An exponential number of a word. It ends at 17.33.
FN Real exponential(Word w)
{
    return -log_of(rounded(to_int(w >> 8)) * 5.96046448e-8f + 2.98023224e-8f); // 2^-24, 2^-25
}

// Two normal numbers of two words, by Box and Muller. The radius ends at 6.66.
FN void box_muller(Word radius, Word angle, Real &first, Real &second)
{
    const Real u = rounded(to_int(radius >> 1)) * 4.65661287e-10f + 2.32830644e-10f; // 2^-31, 2^-32
    const Real r = sqrt_of(log_of(u) * -2.0f);
    Real sine, cosine;
    sincos_of(angle, sine, cosine);
    first = r * cosine;
    second = r * sine;
}

// The normal numbers of four steps of a path: counter (path, block of four steps, stream).
FN Normals normals(Word path, unsigned path_high, unsigned block, Wide seed)
{
    const Words counter = Words{path, word(path_high), word(block), word(0u)};
    const Words w = philox(counter, (unsigned)seed, (unsigned)(seed >> 32));
    Normals z;
    box_muller(w.a, w.b, z.a, z.b);
    box_muller(w.c, w.d, z.c, z.d);
    return z;
}
