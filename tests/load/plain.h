// A plain MQTT broker in the cluster's place, for a comparison: the same pairs, the text alone.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "tests/load/fleet.h"

namespace chat::load {

// Of every topic below; the cluster has none that begins like this.
inline constexpr std::string_view kPlainPrefix = "load/";

// The same clients in every run, so that their stored sessions do not pile up at the broker.
std::vector<Account> PlainAccounts(uint32_t devices);
// Neighbours are pairs with one topic, and both get what either sends, as in a feed. Two a pair,
// one for each sender: a broker promises no more than each sender's order.
std::vector<Conversation> PlainConversations(uint32_t devices);

}  // namespace chat::load
