// Clocks a verilated top and moves records in and out. With TG_RISK the top has a risk gate.
//
// A record's bytes are the bits of its port. Every input is registered inside (see clocked_top.py), so
// nothing needs settling before the clock rises. Called through the C functions at the end (ctypes).

#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <vector>

#include "Vtop.h"
#include "streams.h"
#include "verilated.h"

#ifdef TG_RISK
#include "risk_side.h"
#else
struct RiskSide {  // nothing, at no cost
    void start(Vtop&) {}
    void drive(Vtop&, Random&, uint32_t, uint32_t) {}
    void collect(const Vtop&) {}
};
#endif

namespace {

constexpr size_t kUpdateBytes = TG_UPDATE_BYTES;
constexpr size_t kEventBytes = TG_EVENT_BYTES;
constexpr size_t kBooks = 1 << 16;
constexpr int kResetCycles = 4;

class Device {
  public:
    Device(uint64_t seed, uint32_t idle_in_256, uint32_t stall_in_256)
        : random_(seed), idle_(idle_in_256), stall_(stall_in_256), deferred_(kBooks, 0) {
        context_.threads(1);
        context_.randReset(seed ? 2 : 0);  // what reset does not set starts at random, or at 0
        context_.randSeed(static_cast<int>(seed & 0x7fffffff));
        top_ = std::make_unique<Vtop>(&context_, "top");
        top_->clock = 0;
        top_->reset = 1;
        top_->update_valid = 0;
        top_->event_ready = 0;
        top_->csr_r_stb = 0;
        top_->csr_w_stb = 0;
        risk_.start(*top_);
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
            if (top_->update_free && !random_.chance(idle_)) {
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
        return run_until(
            patience, [&] { return events_.bytes(); },
            [&](uint64_t silent) { return silent >= quiet && !outstanding_ && !unresolved_; });
    }

    void run(uint64_t cycles) {
        while (cycles--) cycle();
    }

    uint32_t read(uint32_t address) {
        top_->csr_address = address;
        top_->csr_r_stb = 1;
        cycle();
        top_->csr_r_stb = 0;
        cycle();
        return top_->csr_r_data;
    }

    void write(uint32_t address, uint32_t value) {
        top_->csr_address = address;
        top_->csr_w_data = value;
        top_->csr_w_stb = 1;
        cycle();
        top_->csr_w_stb = 0;
    }

    // After a restart of the gateware: nothing is under way any more.
    void forget() {
        events_.clear();
        std::fill(deferred_.begin(), deferred_.end(), 0);
        outstanding_ = unresolved_ = 0;
    }

    Records& events() { return events_; }
    uint64_t outstanding() const { return outstanding_; }
    uint64_t unresolved() const { return unresolved_; }

#ifdef TG_RISK
    RiskSide& risk() { return risk_; }

    // Run until no request waits. Return false after `patience` cycles in which none was taken.
    bool flush(uint64_t patience) {
        return run_until(
            patience, [&] { return risk_.unsent(); }, [&](uint64_t) { return !risk_.waiting(); });
    }

    // Run until every request has its closing event and `quiet` cycles passed. While orders are held
    // back, requests need not be closed. Return false after `patience` cycles without a record.
    bool settle_risk(uint64_t quiet, uint64_t patience) {
        return run_until(
            patience, [&] { return risk_.progress(); },
            [&](uint64_t silent) {
                bool due = risk_.waiting() || risk_.unanswered();
                return silent >= quiet && (risk_.held() || !due);
            });
    }
#endif

  private:
    // Run until `done(silent)`, where `silent` cycles passed in which `progress()` stayed the same.
    // Return false after `patience` of them.
    template <typename Progress, typename Done>
    bool run_until(uint64_t patience, Progress progress, Done done) {
        uint64_t silent = 0;
        while (!done(silent)) {
            if (silent >= patience) return false;
            auto before = progress();
            cycle();
            silent = progress() == before ? silent + 1 : 0;
        }
        return true;
    }

    void clock() {
        top_->clock = 0;
        top_->eval();
        top_->clock = 1;
        top_->eval();
    }

    void cycle() {
        top_->event_ready = !random_.chance(stall_);
        risk_.drive(*top_, random_, idle_, stall_);
        clock();
        if (top_->event_taken) collect();
        risk_.collect(*top_);
    }

    void collect() {
        const uint8_t* event = events_.append<kEventBytes>(top_->event_data.data());
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

    VerilatedContext context_;
    std::unique_ptr<Vtop> top_;
    Random random_;
    uint32_t idle_, stall_;
    RiskSide risk_;
    std::vector<uint8_t> deferred_;  // by book
    Records events_;
    uint64_t outstanding_ = 0;  // updates without their closing event
    uint64_t unresolved_ = 0;   // books whose last event was deferred
};

static_assert(sizeof(Vtop::update_data) == kUpdateBytes, "update record and port differ");
static_assert(sizeof(Vtop::event_data) == kEventBytes, "event record and port differ");

// Streams that leave a device, by the number that the caller names them with.
Records& output(Device* d, uint32_t stream) {
#ifdef TG_RISK
    if (stream == 1) return d->risk().orders();
    if (stream == 2) return d->risk().events();
#endif
    return d->events();
}

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
size_t tg_available(Device* d, uint32_t stream) { return output(d, stream).bytes(); }
void tg_take(Device* d, uint32_t stream, uint8_t* out) { output(d, stream).take(out); }
uint64_t tg_outstanding(Device* d) { return d->outstanding(); }
uint64_t tg_unresolved(Device* d) { return d->unresolved(); }
#ifdef TG_RISK
void tg_post(Device* d, const uint8_t* requests, size_t count) { d->risk().post(requests, count); }
int tg_flush(Device* d, uint64_t patience) { return d->flush(patience); }
int tg_settle_risk(Device* d, uint64_t quiet, uint64_t patience) {
    return d->settle_risk(quiet, patience);
}
void tg_hold(Device* d, int held) { d->risk().hold(held); }
void tg_pin(Device* d, int high) { d->risk().pin(high); }
uint64_t tg_unsent(Device* d) { return d->risk().unsent(); }
uint64_t tg_unanswered(Device* d) { return d->risk().unanswered(); }
#endif

}  // extern "C"
