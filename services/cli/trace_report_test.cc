#include "services/cli/trace_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace chat::cli {
namespace {

using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr int64_t kCommittedMs = 1'700'000'000'500;
constexpr int64_t kUs = kCommittedMs * 1000;

v1::Note Noted(v1::Note::Step step, int64_t at_us, int64_t position, uint64_t trace,
               int64_t session) {
  v1::Note note;
  note.set_step(step);
  note.set_at_us(at_us);
  note.set_position(position);
  note.set_trace(trace);
  note.set_session_id(session);
  return note;
}

TraceReport SentFromOneToTwo() {
  TraceReport report;
  v1::TracedMessage* message = report.found.add_messages();
  message->set_id(42);
  message->set_position(42);
  message->set_feed(7);
  message->set_topic("p2p/380670000001_1/380670000002_2");
  message->set_author("380670000001_1");
  message->set_msg_id("mine");
  message->set_status("sent");
  message->set_committed_ms(kCommittedMs);
  for (int n : {1, 2}) {
    v1::TracedSession* session = report.found.add_sessions();
    session->set_session_id(10 + n);
    session->set_phone_id("38067000000" + std::to_string(n) + "_" + std::to_string(n));
    session->set_client_id("emqttd_" + std::to_string(n));
    session->set_connected(n == 1);
    session->set_gateway("10.0.0.1:17000");
    session->set_past(n == 1);
  }
  report.found.set_sessions_all(2);
  v1::NotesReply messaging, gateway;
  messaging.set_name("messaging-1");
  messaging.set_since_us(kUs - 1'000'000);
  *messaging.add_notes() = Noted(v1::Note::PUBLISHED, kUs + 2000, 42, 0xabc, 0);
  gateway.set_name("gateway-1");
  gateway.set_since_us(kUs - 1'000'000);
  *gateway.add_notes() = Noted(v1::Note::RECEIVED, kUs - 3000, 0, 0xabc, 11);
  gateway.mutable_notes(0)->set_client_id("emqttd_1");
  gateway.mutable_notes(0)->set_peer("10.9.9.9");
  gateway.mutable_notes(0)->set_transport("tls");
  *gateway.add_notes() = Noted(v1::Note::SENT, kUs + 3000, 42, 0xabc, 11);
  *gateway.add_notes() = Noted(v1::Note::ACKNOWLEDGED, kUs + 9000, 42, 0, 11);
  report.notes = {messaging, gateway};
  return report;
}

TEST(TraceReportTest, TheStepsOfAllProcessesAreInOrderOfTime) {
  const auto report = nlohmann::json::parse(ToJson(SentFromOneToTwo()));
  std::vector<std::string> steps;
  for (const auto& step : report["steps"]) {
    steps.push_back(std::string(step["process"]) + " " + std::string(step["step"]));
  }
  EXPECT_EQ(steps, std::vector<std::string>({"gateway-1 received", "PostgreSQL committed",
                                             "messaging-1 published", "gateway-1 sent",
                                             "gateway-1 acknowledged"}));
  EXPECT_EQ(report["steps"][0]["trace"], "0000000000000abc");
  EXPECT_EQ(report["steps"][0]["peer"], "10.9.9.9");
  EXPECT_EQ(report["message"]["msg_id"], "mine");
}

TEST(TraceReportTest, WhatWasReadInTheMillisecondOfTheCommitStandsBeforeIt) {
  TraceReport report = SentFromOneToTwo();
  report.notes[1].mutable_notes(0)->set_at_us(kUs + 400);
  report.notes[0].mutable_notes(0)->set_at_us(kUs + 900);
  const auto steps = nlohmann::json::parse(ToJson(report))["steps"];
  EXPECT_EQ(steps[0]["step"], "received");
  EXPECT_EQ(steps[1]["step"], "committed");
  EXPECT_EQ(steps[2]["step"], "published");
}

TEST(TraceReportTest, ADeviceThatLeftKeepsTheNameThatPostgresqlHas) {
  const std::string text = ToText(SentFromOneToTwo());
  EXPECT_THAT(text, HasSubstr("acknowledged by emqttd_1 of 380670000001_1"));
  EXPECT_THAT(text, HasSubstr("PUBLISH read from emqttd_1 of 380670000001_1 at 10.9.9.9 (tls)"));
}

TEST(TraceReportTest, EverySessionIsListedWithWhetherItAcknowledged) {
  const std::string text = ToText(SentFromOneToTwo());
  EXPECT_THAT(text, ContainsRegex("emqttd_1 +380670000001_1 +acknowledged +connected at 10.0.0.1"));
  EXPECT_THAT(text, ContainsRegex("emqttd_2 +380670000002_2 +not yet +away"));
}

TEST(TraceReportTest, WhoRemembersLessThanTheMessageIsOldIsNamed) {
  TraceReport report = SentFromOneToTwo();
  EXPECT_THAT(ToText(report), Not(HasSubstr("remembers")));
  report.notes[1].set_since_us(kUs + 1);
  report.notes[0].set_since_us(0);
  report.silent = {"10.0.0.9:17000"};
  const std::string text = ToText(report);
  EXPECT_THAT(text, HasSubstr("gateway-1 remembers since 2023-11-14"));
  EXPECT_THAT(text, HasSubstr("messaging-1 remembers nothing"));
  EXPECT_THAT(text, HasSubstr("10.0.0.9:17000 does not answer"));
}

TEST(TraceReportTest, WhatIsReadFromHistoryAndAnEditSayIt) {
  TraceReport report = SentFromOneToTwo();
  report.found.mutable_messages(0)->set_position(50);
  report.found.mutable_messages(0)->set_status("edit");
  *report.notes[1].add_notes() = Noted(v1::Note::SENT, kUs + 20'000, 50, 0, 12);
  const std::string text = ToText(report);
  EXPECT_THAT(text, HasSubstr("read from history, position 50"));
  EXPECT_THAT(text, HasSubstr("committed, as edit"));
}

TEST(TraceReportTest, WhatStrangersChoseDoesNotReachTheTerminal) {
  TraceReport report = SentFromOneToTwo();
  report.found.mutable_messages(0)->set_msg_id("a\x1b[2J\nb");
  EXPECT_THAT(ToText(report), HasSubstr("msg_id a\\x1b[2J\\x0ab\n"));
}

}  // namespace
}  // namespace chat::cli
