// One lane: a thread of the GPU. No system header exists under NVRTC.
#define FN static __device__ __forceinline__

typedef float Real;
typedef int Int;
typedef unsigned Word;
typedef unsigned long long Wide;
typedef bool Mask;

FN Real real(float x) { return x; }
FN Word word(unsigned x) { return x; }
FN Int as_int(Real x) { return __float_as_int(x); }
FN Real as_real(Int x) { return __int_as_float(x); }
FN Int to_int(Word x) { return (int)x; }
FN Real rounded(Int x) { return __int2float_rn(x); }
FN Real sqrt_of(Real x) { return sqrtf(x); }
FN Real pick(Mask mask, Real yes, Real no) { return mask ? yes : no; }
FN bool any_of(Mask mask) { return mask; }

FN void multiply(Word a, unsigned b, Word &high, Word &low)
{
    high = __umulhi(a, b);
    low = a * b;
}
