// Clocks the verilated BookTop and moves records in and out.
//
// A record's bytes are the bits of its port. Every input is registered inside (see clocked_top.py), so
// nothing needs settling before the clock rises. Called through the C functions at the end (ctypes).

#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <vector>

#include "Vtop.h"
#include "verilated.h"

namespace {

constexpr size_t kUpdateBytes = TG_UPDATE_BYTES;
constexpr size_t kEventBytes = TG_EVENT_BYTES;
constexpr size_t kBooks = 1 << 16;
constexpr int kResetCycles = 4;

uint64_t field(const uint8_t* record, size_t offset, size_t bytes) {
    uint64_t value = 0;
    std::memcpy(&value, record + offset, bytes);  // little-endian, as the records are
    return value;
}

class Device {
  public:
    Device(uint64_t seed, uint32_t idle_in_256, uint32_t stall_in_256)
        : random_(seed * 2 + 1), idle_(idle_in_256), stall_(stall_in_256), deferred_(kBooks, 0) {
        context_.threads(1);
        context_.randReset(seed ? 2 : 0);  // what reset does not set starts at random, or at 0
        context_.randSeed(static_cast<int>(seed & 0x7fffffff));
        top_ = std::make_unique<Vtop>(&context_, "top");
        top_->clock = 0;
        top_->reset = 1;
        top_->update_valid = 0;
        top_->event_ready = 0;
        top_->r_stb = 0;
        top_->w_stb = 0;
        for (int i = 0; i < kResetCycles; i++) clock();
        top_->reset = 0;
        clock();  // the reset is registered too
    }

    ~Device() { top_->final(); }

    // Send records; return how many were taken before `patience` cycles passed without any.
    size_t send(const uint8_t* updates, size_t count, uint64_t patience) {
        size_t sent = 0;
        uint64_t waited = 0;
        while (sent < count && waited < patience) {
            if (top_->update_free && !chance(idle_)) {
                std::memcpy(top_->update_data.data(), updates + sent * kUpdateBytes, kUpdateBytes);
                top_->update_valid = 1;
                sent++;
                outstanding_++;
                waited = 0;
            } else {
                waited++;
            }
            cycle();
            top_->update_valid = 0;
        }
        return sent;
    }

    // Run until every update has its closing event, nothing is deferred, and `quiet` cycles passed.
    // Return false after `patience` cycles without an event.
    bool settle(uint64_t quiet, uint64_t patience) {
        uint64_t silent = 0;
        while (silent < quiet || outstanding_ || unresolved_) {
            if (silent >= patience) return false;
            size_t before = events_.size();
            cycle();
            silent = events_.size() == before ? silent + 1 : 0;
        }
        return true;
    }

    void run(uint64_t cycles) {
        while (cycles--) cycle();
    }

    uint32_t read(uint32_t address) {
        top_->address = address;
        top_->r_stb = 1;
        cycle();
        top_->r_stb = 0;
        cycle();
        return top_->r_data;
    }

    void write(uint32_t address, uint32_t value) {
        top_->address = address;
        top_->w_data = value;
        top_->w_stb = 1;
        cycle();
        top_->w_stb = 0;
    }

    // After a restart of the gateware: nothing is under way any more.
    void forget() {
        events_.clear();
        std::fill(deferred_.begin(), deferred_.end(), 0);
        outstanding_ = unresolved_ = 0;
    }

    size_t available() const { return events_.size() / kEventBytes; }

    void take(uint8_t* out) {
        std::memcpy(out, events_.data(), events_.size());
        events_.clear();
    }

    uint64_t outstanding() const { return outstanding_; }
    uint64_t unresolved() const { return unresolved_; }

  private:
    void clock() {
        top_->clock = 0;
        top_->eval();
        top_->clock = 1;
        top_->eval();
    }

    void cycle() {
        top_->event_ready = !chance(stall_);
        clock();
        if (top_->event_taken) collect();
    }

    void collect() {
        size_t end = events_.size();
        events_.resize(end + kEventBytes);
        uint8_t* event = events_.data() + end;
        std::memcpy(event, top_->event_data.data(), kEventBytes);
        uint64_t kind = field(event, TG_KIND, 1);
        if (kind == TG_LEVEL || kind == TG_ORDER) return;
        // An event that no update asked for has no cause: the gateware speaks of its own accord.
        bool own = kind == TG_RESOLVED || (field(event, TG_CAUSE, 1) == 0 &&
                                           field(event, TG_ERROR, 1) == TG_LEVEL_OVERFLOW);
        if (!own && outstanding_) outstanding_--;
        bool deferred = field(event, TG_FLAGS, 2) & TG_DEFERRED;
        uint8_t& known = deferred_[field(event, TG_BOOK, 2)];
        unresolved_ += deferred - known;
        known = deferred;
    }

    bool chance(uint32_t in_256) {
        if (!in_256) return false;
        random_ ^= random_ << 13;  // xorshift64
        random_ ^= random_ >> 7;
        random_ ^= random_ << 17;
        return ((random_ >> 24) & 255) < in_256;
    }

    VerilatedContext context_;
    std::unique_ptr<Vtop> top_;
    uint64_t random_;
    uint32_t idle_, stall_;
    std::vector<uint8_t> deferred_;  // by book
    std::vector<uint8_t> events_;
    uint64_t outstanding_ = 0;  // updates without their closing event
    uint64_t unresolved_ = 0;   // books whose last event was deferred
    bool offered_ = false;
};

static_assert(sizeof(Vtop::update_data) == kUpdateBytes, "update record and port differ");
static_assert(sizeof(Vtop::event_data) == kEventBytes, "event record and port differ");

}  // namespace

extern "C" {

Device* tg_create(uint64_t seed, uint32_t idle_in_256, uint32_t stall_in_256) {
    return new (std::nothrow) Device(seed, idle_in_256, stall_in_256);
}
void tg_destroy(Device* d) { delete d; }
size_t tg_send(Device* d, const uint8_t* updates, size_t count, uint64_t patience) {
    return d->send(updates, count, patience);
}
int tg_settle(Device* d, uint64_t quiet, uint64_t patience) { return d->settle(quiet, patience); }
void tg_run(Device* d, uint64_t cycles) { d->run(cycles); }
uint32_t tg_read(Device* d, uint32_t address) { return d->read(address); }
void tg_write(Device* d, uint32_t address, uint32_t value) { d->write(address, value); }
void tg_forget(Device* d) { d->forget(); }
size_t tg_available(Device* d) { return d->available(); }
void tg_take(Device* d, uint8_t* out) { d->take(out); }
uint64_t tg_outstanding(Device* d) { return d->outstanding(); }
uint64_t tg_unresolved(Device* d) { return d->unresolved(); }

}  // extern "C"
