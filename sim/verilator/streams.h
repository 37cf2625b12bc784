// What the sides of a device share: records that left it, and draws for idle and stalled cycles.

#pragma once

#include <cstdint>
#include <cstring>
#include <vector>

// A field of a record; little-endian, as the records are.
inline uint64_t field(const uint8_t* record, size_t offset, size_t bytes) {
    uint64_t value = 0;
    std::memcpy(&value, record + offset, bytes);
    return value;
}

// xorshift64. It advances only where a probability is not 0.
class Random {
  public:
    explicit Random(uint64_t seed) : state_(seed * 2 + 1) {}

    bool chance(uint32_t in_256) {
        if (!in_256) return false;
        state_ ^= state_ << 13;
        state_ ^= state_ >> 7;
        state_ ^= state_ << 17;
        return ((state_ >> 24) & 255) < in_256;
    }

  private:
    uint64_t state_;
};

// Records that left through a port and that nobody has fetched yet.
class Records {
  public:
    template <size_t Bytes>
    const uint8_t* append(const void* record) {
        size_t end = bytes_.size();
        bytes_.resize(end + Bytes);
        std::memcpy(bytes_.data() + end, record, Bytes);
        return bytes_.data() + end;
    }

    size_t bytes() const { return bytes_.size(); }
    void clear() { bytes_.clear(); }

    void take(uint8_t* out) {
        std::memcpy(out, bytes_.data(), bytes_.size());
        bytes_.clear();
    }

  private:
    std::vector<uint8_t> bytes_;
};
