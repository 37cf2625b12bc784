// The risk gate's side of a device: requests go in, orders and risk events come out.

#pragma once

#include <cstdint>
#include <cstring>
#include <vector>

#include "Vtop.h"
#include "streams.h"

class RiskSide {
  public:
    void start(Vtop& top) {
        top.request_valid = 0;
        top.order_ready = 0;
        top.risk_ready = 0;
        top.kill_pin = 0;
        top.entropy = 0;  // a simulation repeats itself
    }

    // Set the inputs for the next cycle.
    void drive(Vtop& top, Random& random, uint32_t idle, uint32_t stall) {
        bool send = waiting() && top.request_free && !random.chance(idle);
        top.request_valid = send;
        if (send) {
            std::memcpy(top.request_data.data(), requests_.data() + next_, TG_REQUEST_BYTES);
            next_ += TG_REQUEST_BYTES;
            if (!waiting()) {
                requests_.clear();
                next_ = 0;
            }
            unanswered_++;
            progress_++;
        }
        bool stalled = random.chance(stall);
        top.order_ready = !stalled && !held_;
        top.risk_ready = !random.chance(stall);
        top.kill_pin = pin_;
    }

    // Take what leaves in this cycle.
    void collect(const Vtop& top) {
        if (top.order_taken) {
            orders_.append<TG_ORDER_BYTES>(top.order_data.data());
            progress_++;
        }
        if (top.risk_taken) {
            const uint8_t* event = events_.append<TG_RISK_EVENT_BYTES>(top.risk_data.data());
            if (unanswered_ && closes(event)) unanswered_--;
            progress_++;
        }
    }

    // Requests wait here until the gate takes them, in order.
    void post(const uint8_t* requests, size_t count) {
        requests_.insert(requests_.end(), requests, requests + count * TG_REQUEST_BYTES);
    }

    void hold(bool held) { held_ = held; }
    void pin(bool high) { pin_ = high; }

    bool held() const { return held_; }
    bool waiting() const { return next_ < requests_.size(); }
    uint64_t unsent() const { return (requests_.size() - next_) / TG_REQUEST_BYTES; }
    uint64_t unanswered() const { return unanswered_; }
    uint64_t progress() const { return progress_; }
    Records& orders() { return orders_; }
    Records& events() { return events_; }

  private:
    static bool closes(const uint8_t* event) {
        uint64_t kind = field(event, TG_RISK_KIND, 1);
        // A cancel without a cause is one that the box sends of itself.
        if (kind == TG_RISK_CANCEL_SENT) return field(event, TG_RISK_CAUSE, 1) != 0;
        return kind < 64 && (uint64_t{TG_RISK_CLOSING} >> kind & 1);
    }

    std::vector<uint8_t> requests_;
    size_t next_ = 0;  // byte of the first request that was not sent
    Records orders_, events_;
    uint64_t unanswered_ = 0;  // requests that were sent and have no closing event
    uint64_t progress_ = 0;    // records that moved, of all three kinds
    bool held_ = false;
    bool pin_ = false;
};

static_assert(sizeof(Vtop::request_data) == TG_REQUEST_BYTES, "request record and port differ");
static_assert(sizeof(Vtop::order_data) == TG_ORDER_BYTES, "order record and port differ");
static_assert(sizeof(Vtop::risk_data) == TG_RISK_EVENT_BYTES, "risk event record and port differ");
