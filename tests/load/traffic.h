#pragma once

#include <cstdint>
#include <random>
#include <vector>

#include "tests/load/fleet.h"

namespace chat::load {

struct TrafficOptions {
  double rate = 0;      // records a second over all devices; 0: as fast as acknowledged
  uint32_t window = 1;  // without a rate: records in flight per device
  size_t text_bytes = 256;
  std::vector<mqtt::Qos> qos = {mqtt::Qos::kAtLeastOnce};  // of messages and edits, in turn
  // Shares of the records; their sum is what counts.
  uint32_t messages = 100;
  uint32_t typing = 0;
  uint32_t edits = 0;
  uint32_t history = 0;
  uint64_t seed = 1;
};

// Decides who sends what when. With a rate, records are due at even times whatever the cluster
// does, and their latency counts from then; a device that has too many unfinished ones is passed
// over, and counted. Without one, each device has `window` of them in flight.
class Traffic {
 public:
  Traffic(Fleet& fleet, const TrafficOptions& options);
  ~Traffic();
  Traffic(const Traffic&) = delete;
  Traffic& operator=(const Traffic&) = delete;

  // Call each round; sends what is due.
  void Advance(Micros now);
  // When Advance must be called again at the latest.
  Micros next_due() const { return next_due_; }
  // No new records any more.
  void Stop() { stopped_ = true; }
  uint64_t passed_over() const { return passed_over_; }

 private:
  // A member of a conversation.
  struct Seat {
    uint32_t conversation;
    uint32_t device;
    bool has_sent = false;
    SendId last;
  };

  void Fill(uint32_t device);
  void SendOne(Seat& seat, Micros due);
  void SendMessage(Seat& seat, Device& device, Micros due);
  bool SendEdit(const Seat& seat, Device& device, Micros due);
  void SendTyping(const Seat& seat, Device& device, Micros due);
  void AskHistory(const Seat& seat, Device& device, Micros due);
  void SetFeed(const Seat& seat, v1::Message* message) const;
  void AddText(const Mark& mark, v1::Message* message) const;
  mqtt::Qos NextQos() { return options_.qos[next_qos_++ % options_.qos.size()]; }

  Fleet& fleet_;
  TrafficOptions options_;
  std::mt19937_64 random_;
  std::vector<Seat> seats_;
  std::vector<std::vector<uint32_t>> seats_of_;  // device -> seats
  std::vector<uint32_t> turn_;                   // device -> its next seat
  size_t next_seat_ = 0;
  size_t next_qos_ = 0;
  Micros next_due_ = 0;
  double interval_us_ = 0;
  double due_ = 0;
  uint64_t passed_over_ = 0;
  bool stopped_ = false;
};

}  // namespace chat::load
