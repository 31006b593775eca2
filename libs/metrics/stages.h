// Where the time of a message goes: chat_message_stage_seconds{stage}. The stages overlap; those
// from the commit on compare the clocks of two machines and are never below zero.
//   request      gateway: a send was read -> its answer is here, so it is committed
//   commit       messaging: a send was taken -> committed
//   publish      messaging: committed -> Redis has taken the event
//   arrive       gateway: committed -> the event was read from Redis
//   deliver      gateway: committed -> handed to a session that is online
//   acknowledge  gateway: committed -> acknowledged by that client
#pragma once

#include <prometheus/histogram.h>

#include <cstdint>

namespace chat::metrics {

// Keep the reference.
prometheus::Histogram& MessageStage(const char* stage);

// Observes now - `since_ms` (Unix time), unless it is 0 or more than a minute ago: what is read
// again from history is no delay.
void ObserveSince(prometheus::Histogram& stage, int64_t since_ms);

}  // namespace chat::metrics
