// As many lanes as one vector register holds, as vectors of GCC and Clang.
#include <atomic>
#include <cmath>
#include <cstring>
#include <thread>
#include <vector>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

#define FN static inline __attribute__((always_inline))

#if defined(__AVX512F__)
#define VECTOR_BYTES 64
#elif defined(__AVX2__)
#define VECTOR_BYTES 32
#else
#define VECTOR_BYTES 16
#endif
enum { LANES = VECTOR_BYTES / 4 };
typedef float Real __attribute__((vector_size(VECTOR_BYTES)));
typedef int Int __attribute__((vector_size(VECTOR_BYTES)));
typedef unsigned Word __attribute__((vector_size(VECTOR_BYTES)));
typedef unsigned long long Wide;
typedef Int Mask;

FN Real real(float x) { return Real{} + x; }
FN Word word(unsigned x) { return Word{} + x; }
FN Int as_int(Real x) { return (Int)x; }
FN Real as_real(Int x) { return (Real)x; }
FN Int to_int(Word x) { return (Int)x; }
FN Real rounded(Int x) { return __builtin_convertvector(x, Real); }
FN Real pick(Mask mask, Real yes, Real no) { return mask ? yes : no; }

FN Real sqrt_of(Real x)
{
#if defined(__AVX512F__)
    return (Real)_mm512_sqrt_ps((__m512)x);
#elif defined(__AVX2__)
    return (Real)_mm256_sqrt_ps((__m256)x);
#elif defined(__SSE2__)
    return (Real)_mm_sqrt_ps((__m128)x);
#else
    float lane[LANES];
    std::memcpy(lane, &x, sizeof lane);
    for (float &value : lane)
        value = __builtin_sqrtf(value);
    std::memcpy(&x, lane, sizeof lane);
    return x;
#endif
}

typedef Wide Wides __attribute__((vector_size(VECTOR_BYTES)));

// The low words of the pairs, multiplied to 64 bits each.
FN Wides products(Wides a, unsigned b)
{
#if defined(__AVX512F__)
    return (Wides)_mm512_mul_epu32((__m512i)a, _mm512_set1_epi64(b));
#elif defined(__AVX2__)
    return (Wides)_mm256_mul_epu32((__m256i)a, _mm256_set1_epi64x(b));
#elif defined(__SSE2__)
    return (Wides)_mm_mul_epu32((__m128i)a, _mm_set1_epi64x(b));
#else
    return (a & 0xffffffffull) * (Wide)b;
#endif
}

FN void multiply(Word a, unsigned b, Word &high, Word &low)
{
    const Wides even = products((Wides)a, b);
    const Wides odd = products((Wides)a >> 32, b);
    high = (Word)((even >> 32) | (odd & 0xffffffff00000000ull));
    low = (Word)((even & 0xffffffffull) | (odd << 32));
}

// Whether a lane has it.
FN bool any_of(Mask mask)
{
#if defined(__AVX512F__)
    return _mm512_test_epi32_mask((__m512i)mask, (__m512i)mask) != 0;
#elif defined(__AVX2__)
    return !_mm256_testz_si256((__m256i)mask, (__m256i)mask);
#else
    int found = 0;
    for (unsigned i = 0; i < LANES; ++i)
        found |= mask[i];
    return found != 0;
#endif
}
