#include "services/cli/trace_report.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <ctime>
#include <map>
#include <nlohmann/json.hpp>

#include "services/cli/received.h"

namespace chat::cli {

namespace {

using nlohmann::ordered_json;

// A step of the way: a note, or the commit as PostgreSQL knows it.
struct Step {
  int64_t at_us = 0;
  std::string process;
  const char* name = "";  // in JSON
  std::string text;
  const v1::Note* note = nullptr;
};

struct StepName {
  v1::Note::Step step;
  const char* name;
  const char* text;
};
constexpr std::array<StepName, 11> kSteps = {{
    {v1::Note::RECEIVED, "received", "PUBLISH read from"},
    {v1::Note::ANSWERED, "answered", "acknowledged to the sender"},
    {v1::Note::REFUSED, "refused", "refused to the sender"},
    {v1::Note::PUBLISHED, "published", "published: Redis has taken the event"},
    {v1::Note::UNPUBLISHED, "unpublished", "not published: Redis did not take the event"},
    {v1::Note::ARRIVED, "arrived", "arrived from Redis"},
    {v1::Note::SENT, "sent", "out to"},
    {v1::Note::QUEUED, "queued", "waits behind the window of"},
    {v1::Note::DISCARDED, "discarded", "too large for"},
    {v1::Note::BLOCKED, "blocked", "left to history, its queue is full:"},
    {v1::Note::ACKNOWLEDGED, "acknowledged", "acknowledged by"},
}};

const StepName& NameOf(v1::Note::Step step) {
  for (const StepName& name : kSteps) {
    if (name.step == step) return name;
  }
  static constexpr StepName kUnknown = {v1::Note::UNKNOWN, "unknown", "unknown step"};
  return kUnknown;
}

std::string Time(int64_t at_us, bool exact) {
  const time_t seconds = static_cast<time_t>(at_us / 1'000'000);
  tm utc{};
  gmtime_r(&seconds, &utc);
  char day[32];
  std::strftime(day, sizeof day, "%Y-%m-%d %H:%M:%S", &utc);
  char text[64];
  std::snprintf(text, sizeof text, exact ? "%s.%06d" : "%s.%03d   ", day,
                static_cast<int>(exact ? at_us % 1'000'000 : at_us / 1000 % 1000));
  return text;
}

std::string Trace(uint64_t trace) {
  char text[17];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(trace));
  return text;
}

// The devices behind the session ids of notes, as PostgreSQL names them.
using Devices = std::map<int64_t, const v1::TracedSession*>;

Devices DevicesOf(const TraceReport& report) {
  Devices devices;
  for (const v1::TracedSession& session : report.found.sessions()) {
    devices[session.session_id()] = &session;
  }
  return devices;
}

std::string DeviceText(const v1::Note& note, const Devices& devices) {
  const auto found = devices.find(note.session_id());
  std::string text = note.client_id();
  if (text.empty() && found != devices.end()) text = found->second->client_id();
  if (text.empty()) text = "session " + std::to_string(note.session_id());
  if (found != devices.end()) text += " of " + found->second->phone_id();
  if (!note.peer().empty()) text += " at " + note.peer() + " (" + note.transport() + ")";
  return text;
}

std::string NoteText(const v1::Note& note, const v1::TracedMessage& message,
                     const Devices& devices) {
  std::string text = NameOf(note.step()).text;
  if (note.session_id() != 0) text += " " + DeviceText(note, devices);
  if (note.step() == v1::Note::SENT) {
    text += ", QoS " + std::to_string(note.qos());
    if (note.trace() == 0) text += ", read from history";
  }
  if (note.trace() != 0 && note.step() == v1::Note::RECEIVED)
    text += ", trace " + Trace(note.trace());
  if (note.position() != 0 && note.position() != message.id()) {
    text += ", position " + std::to_string(note.position());
  }
  return text;
}

// PostgreSQL counts milliseconds: of that one, what was read before the commit stands before it.
int64_t CommittedUs(const TraceReport& report) {
  const int64_t committed_ms = report.found.messages(0).committed_ms();
  int64_t at_us = committed_ms * 1000;
  for (const v1::NotesReply& reply : report.notes) {
    for (const v1::Note& note : reply.notes()) {
      const bool before = note.step() == v1::Note::RECEIVED;
      if (before && note.at_us() / 1000 == committed_ms) at_us = std::max(at_us, note.at_us());
    }
  }
  return at_us;
}

std::vector<Step> Steps(const TraceReport& report) {
  const v1::TracedMessage& message = report.found.messages(0);
  const Devices devices = DevicesOf(report);
  std::vector<Step> steps;
  for (const v1::NotesReply& reply : report.notes) {
    for (const v1::Note& note : reply.notes()) {
      steps.push_back({note.at_us(), reply.name(), NameOf(note.step()).name,
                       NoteText(note, message, devices), &note});
    }
  }
  const bool moved = message.position() != message.id();
  steps.push_back({CommittedUs(report), "PostgreSQL", "committed",
                   moved ? "committed, as " + message.status() : "committed", nullptr});
  std::stable_sort(steps.begin(), steps.end(),
                   [](const Step& a, const Step& b) { return a.at_us < b.at_us; });
  return steps;
}

std::string SessionText(const v1::TracedSession& session) {
  char text[512];
  std::snprintf(text, sizeof text, "  %-40s %-20s %-14s %s", session.client_id().c_str(),
                session.phone_id().c_str(), session.past() ? "acknowledged" : "not yet",
                session.connected() ? ("connected at " + session.gateway()).c_str() : "away");
  return text;
}

std::string Facts(const v1::TracedMessage& message) {
  std::string text = "message " + std::to_string(message.id()) + " in " + message.topic() +
                     " (feed " + std::to_string(message.feed()) + "), position " +
                     std::to_string(message.position()) + ", status " + message.status();
  if (!message.author().empty()) text += "\nfrom " + message.author();
  if (!message.msg_id().empty()) text += ", msg_id " + Printable(message.msg_id());
  if (message.created_ms() != 0) {
    text += ", created " + Time(message.created_ms() * 1000, false);
    text.erase(text.find_last_not_of(' ') + 1);
  }
  if (message.announcing()) text += "\nnot known to be published yet: it is announced again";
  return text;
}

// Which of the processes remember as far back as the commit.
std::string Memory(const TraceReport& report) {
  const int64_t committed_us = report.found.messages(0).committed_ms() * 1000;
  std::string text;
  for (const v1::NotesReply& reply : report.notes) {
    if (reply.since_us() != 0 && reply.since_us() <= committed_us) continue;
    text += "\n  " + reply.name() + " remembers " +
            (reply.since_us() == 0 ? "nothing" : "since " + Time(reply.since_us(), true)) +
            ": what it did before is not shown";
  }
  for (const std::string& silent : report.silent) text += "\n  " + silent + " does not answer";
  return text;
}

ordered_json StepJson(const Step& step, const Devices& devices) {
  ordered_json one = {{"at_us", step.at_us}, {"process", step.process}, {"step", step.name}};
  if (step.note == nullptr) return one;
  const v1::Note& note = *step.note;
  const auto device = devices.find(note.session_id());
  if (note.position() != 0) one["position"] = note.position();
  if (note.trace() != 0) one["trace"] = Trace(note.trace());
  if (note.session_id() != 0) one["session"] = note.session_id();
  if (!note.client_id().empty()) {
    one["client_id"] = note.client_id();
  } else if (device != devices.end()) {
    one["client_id"] = device->second->client_id();
  }
  if (!note.peer().empty()) one.update({{"peer", note.peer()}, {"transport", note.transport()}});
  if (note.step() == v1::Note::SENT) one["qos"] = note.qos();
  return one;
}

}  // namespace

std::string OneLine(const v1::TracedMessage& message) {
  return Printable(std::to_string(message.id()) + " from " + message.author() + " in " +
                   message.topic());
}

std::string ToText(const TraceReport& report) {
  std::string text;
  const auto add = [&text](const std::string& lines) {
    size_t begin = 0;
    for (size_t end = 0; end != std::string::npos; begin = end + 1) {
      end = lines.find('\n', begin);
      text += Printable(lines.substr(begin, end - begin)) + "\n";
      if (end == std::string::npos) break;
    }
  };
  add(Facts(report.found.messages(0)));
  text += "\n";
  for (const Step& step : Steps(report)) {
    char head[96];
    std::snprintf(head, sizeof head, "%s  %-14s ", Time(step.at_us, step.note != nullptr).c_str(),
                  step.process.c_str());
    add(head + step.text);
  }
  if (const std::string memory = Memory(report); !memory.empty()) add(memory);
  text += "\n";
  add("  " + std::to_string(report.found.sessions_all()) + " sessions" +
      (report.found.sessions_size() < report.found.sessions_all()
           ? ", the first " + std::to_string(report.found.sessions_size())
           : ""));
  for (const v1::TracedSession& session : report.found.sessions()) add(SessionText(session));
  for (const v1::TracedReader& reader : report.found.readers()) {
    add("  " + reader.phone_id() + (reader.read() ? " has read it" : " has not read it"));
  }
  text.pop_back();
  return text;
}

std::string ToJson(const TraceReport& report) {
  const v1::TracedMessage& message = report.found.messages(0);
  const Devices devices = DevicesOf(report);
  ordered_json steps = ordered_json::array(), sessions = ordered_json::array();
  for (const Step& step : Steps(report)) steps.push_back(StepJson(step, devices));
  for (const v1::TracedSession& session : report.found.sessions()) {
    sessions.push_back({{"session", session.session_id()},
                        {"account", session.account_id()},
                        {"phone_id", session.phone_id()},
                        {"client_id", session.client_id()},
                        {"connected", session.connected()},
                        {"gateway", session.gateway()},
                        {"acknowledged", session.past()}});
  }
  ordered_json readers = ordered_json::array(), processes = ordered_json::array();
  for (const v1::TracedReader& reader : report.found.readers()) {
    readers.push_back({{"phone_id", reader.phone_id()}, {"read", reader.read()}});
  }
  for (const v1::NotesReply& reply : report.notes) {
    processes.push_back({{"process", reply.name()}, {"since_us", reply.since_us()}});
  }
  const ordered_json all = {{"message",
                             {{"id", message.id()},
                              {"position", message.position()},
                              {"previous", message.previous()},
                              {"feed", message.feed()},
                              {"topic", message.topic()},
                              {"author", message.author()},
                              {"msg_id", message.msg_id()},
                              {"status", message.status()},
                              {"created_ms", message.created_ms()},
                              {"committed_ms", message.committed_ms()},
                              {"announcing", message.announcing()}}},
                            {"steps", steps},
                            {"sessions", sessions},
                            {"sessions_all", report.found.sessions_all()},
                            {"readers", readers},
                            {"processes", processes},
                            {"silent", report.silent}};
  return all.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace chat::cli
