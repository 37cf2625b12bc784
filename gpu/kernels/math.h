// Elementary functions on lanes. The coefficients are interpolations at Chebyshev nodes,
// rounded to single precision; tests/gpu/test_math.py states and checks the errors.

// e^x, for x from -87 to 88; outside, the value at the edge.
FN Real exp_of(Real x)
{
    const float shift = 12582912.0f; // 1.5 * 2^23: adding it rounds to an integer
    x = pick(x < -87.0f, real(-87.0f), x);
    x = pick(x > 88.0f, real(88.0f), x);
    const Real t = x * 1.44269504f + shift;
    const Int n = as_int(t) - as_int(real(shift));
    const Real k = t - shift;
    const Real r = x - k * 0.693359375f + k * 2.12194440e-4f;
    Real p = real(1.3933652e-3f);
    p = p * r + 8.3631817e-3f;
    p = p * r + 4.1666467e-2f;
    p = p * r + 1.6666576e-1f;
    p = p * r + 0.5f;
    const Real y = r * r * p + r + 1.0f;
    return as_real(as_int(y) + (n << 23));
}

// Natural logarithm of a positive normal number.
FN Real log_of(Real x)
{
    const Int bits = as_int(x);
    const Int e = (bits - 0x3f3504f3) >> 23; // the mantissa is from sqrt(1/2) to sqrt(2)
    const Real f = as_real(bits - (e << 23)) - 1.0f;
    Real p = real(-8.1022702e-2f);
    p = p * f + 1.2712678e-1f;
    p = p * f - 1.2972145e-1f;
    p = p * f + 1.4202115e-1f;
    p = p * f - 1.6642250e-1f;
    p = p * f + 2.0001471e-1f;
    p = p * f - 2.5000295e-1f;
    p = p * f + 3.3333328e-1f;
    const Real k = rounded(e);
    const Real square = f * f;
    return k * 0.693359375f + (f + (square * (f * p - 0.5f) - k * 2.12194440e-4f));
}

// Sine and cosine of 2 pi w / 2^32. The quadrant comes off in integers, without error.
FN void sincos_of(Word w, Real &sine, Real &cosine)
{
    const Word quadrant = (w + 0x20000000u) >> 30;
    const Real x = rounded(to_int(w - (quadrant << 30))) * 1.46291808e-9f; // 2 pi / 2^32
    const Real s = x * x;
    Real p = real(-1.9587952e-4f);
    p = p * s + 8.3327489e-3f;
    p = p * s - 1.6666664e-1f;
    const Real a = x * s * p + x;
    Real q = real(2.4548146e-5f);
    q = q * s - 1.3888305e-3f;
    q = q * s + 4.1666664e-2f;
    const Real b = s * s * q - s * 0.5f + 1.0f;
    const Mask odd = (quadrant & 1u) != 0u;
    // Bit 1 of the quadrant is the sign of the sine, and with bit 0 that of the cosine.
    const Int flip_sine = to_int((quadrant & 2u) << 30);
    const Int flip_cosine = to_int(((quadrant + 1u) & 2u) << 30);
    sine = as_real(as_int(pick(odd, b, a)) ^ flip_sine);
    cosine = as_real(as_int(pick(odd, a, b)) ^ flip_cosine);
}
