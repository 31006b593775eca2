// The two faces of `chat trace`. Pure.
#pragma once

#include <string>
#include <vector>

#include "chat/v1/trace.pb.h"

namespace chat::cli {

struct TraceReport {
  v1::FindMessageReply found;  // about one message
  std::vector<v1::NotesReply> notes;
  std::vector<std::string> silent;  // processes that did not answer
};

// Its facts, its way in order of time, and where each session for which it is stands.
std::string ToText(const TraceReport& report);
// One object: message, steps, sessions, readers, processes, silent.
std::string ToJson(const TraceReport& report);
// "12 380670001111_1 p2p/…", for a choice among several.
std::string OneLine(const v1::TracedMessage& message);

}  // namespace chat::cli
