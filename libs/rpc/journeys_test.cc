#include "libs/rpc/journeys.h"

#include <gtest/gtest.h>

namespace chat::rpc {
namespace {

v1::NotesRequest About(int64_t position, uint64_t trace = 0) {
  v1::NotesRequest request;
  if (position != 0) request.add_positions(position);
  if (trace != 0) request.add_traces(trace);
  return request;
}

v1::NotesReply Found(const Journeys& journeys, const v1::NotesRequest& request) {
  v1::NotesReply reply;
  journeys.Find(request, &reply);
  return reply;
}

TEST(TraceNumberTest, IsTheNumberOfSixteenHexDigitsAndNothingElse) {
  EXPECT_EQ(TraceNumber("00000000000000ff"), 255u);
  EXPECT_EQ(TraceNumber("ffffffffffffffff"), UINT64_MAX);
  for (const char* text : {"", "ff", "00000000000000fg", "-0000000000000ff", "00000000000000ff0"}) {
    EXPECT_EQ(TraceNumber(text), 0u) << text;
  }
}

TEST(JourneysTest, FindsByPositionAndByTraceInOrder) {
  Journeys journeys(10);
  journeys.Add(v1::Note::RECEIVED, {.trace = 7, .session = 1});
  journeys.Add(v1::Note::ARRIVED, {.position = 100, .trace = 7});
  journeys.Add(v1::Note::SENT, {.position = 100, .trace = 7, .session = 2, .qos = 2});
  journeys.Add(v1::Note::SENT, {.position = 101, .trace = 8, .session = 2});
  journeys.Add(v1::Note::ACKNOWLEDGED, {.position = 100, .session = 2});
  const v1::NotesReply by_position = Found(journeys, About(100));
  ASSERT_EQ(by_position.notes_size(), 3);
  EXPECT_EQ(by_position.notes(0).step(), v1::Note::ARRIVED);
  EXPECT_EQ(by_position.notes(1).session_id(), 2);
  EXPECT_EQ(by_position.notes(1).qos(), 2u);
  EXPECT_EQ(by_position.notes(1).trace(), 7u);
  EXPECT_EQ(by_position.notes(2).step(), v1::Note::ACKNOWLEDGED);
  EXPECT_LE(by_position.notes(0).at_us(), by_position.notes(2).at_us());
  EXPECT_EQ(Found(journeys, About(100, 7)).notes_size(), 4);
  EXPECT_EQ(Found(journeys, About(0, 8)).notes_size(), 1);
}

TEST(JourneysTest, NothingIsFoundByZero) {
  Journeys journeys(4);
  journeys.Add(v1::Note::RECEIVED, {.trace = 7});
  v1::NotesRequest request;
  request.add_positions(0);
  request.add_traces(0);
  EXPECT_EQ(Found(journeys, request).notes_size(), 0);
}

TEST(JourneysTest, KeepsTheLastOnesAndSaysSinceWhen) {
  Journeys journeys(3);
  EXPECT_EQ(Found(journeys, About(1)).since_us(), 0);
  for (int64_t position = 1; position <= 5; ++position) {
    journeys.Add(v1::Note::ARRIVED, {.position = position});
  }
  EXPECT_EQ(Found(journeys, About(2)).notes_size(), 0);
  const v1::NotesReply oldest = Found(journeys, About(3));
  ASSERT_EQ(oldest.notes_size(), 1);
  EXPECT_EQ(oldest.since_us(), oldest.notes(0).at_us());
  EXPECT_EQ(Found(journeys, About(5)).notes_size(), 1);
}

TEST(JourneysTest, RepliesOfSeveralRingsGoBackAsFarAsTheOldest) {
  Journeys older(3), newer(3);
  older.Add(v1::Note::ARRIVED, {.position = 1});
  newer.Add(v1::Note::ARRIVED, {.position = 1});
  v1::NotesReply reply;
  newer.Find(About(1), &reply);
  older.Find(About(1), &reply);
  ASSERT_EQ(reply.notes_size(), 2);
  EXPECT_EQ(reply.since_us(), reply.notes(1).at_us());
}

TEST(JourneysTest, WithoutARingNothingIsNoted) {
  Journeys journeys(0);
  journeys.Add(v1::Note::ARRIVED, {.position = 1});
  EXPECT_EQ(Found(journeys, About(1)).notes_size(), 0);
}

}  // namespace
}  // namespace chat::rpc
