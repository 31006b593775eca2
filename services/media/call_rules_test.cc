#include "services/media/call_rules.h"

#include <gtest/gtest.h>

#include "libs/rpc/refusal.h"
#include "services/media/turn.h"

namespace chat::media {
namespace {

using Kind = CallStep::Kind;

v1::Caller TwoRosters() {
  v1::Caller caller;
  for (int64_t id : {5, 6}) {
    v1::OwnRoster& own = *caller.add_rosters();
    own.set_id(id);
    own.set_phone_id("380670000001_" + std::to_string(id));
  }
  return caller;
}

TEST(CallRulesTest, IdsFollowTheTable) {
  for (const char* good : {"a", "A-Z_09", "cdr_1"}) EXPECT_TRUE(IsCallId(good)) << good;
  EXPECT_TRUE(IsCallId(std::string(64, 'x')));
  for (const std::string& bad : {std::string(), std::string(65, 'x'), std::string("a b"),
                                 std::string("a/b"), std::string("\xc3\xa9")}) {
    EXPECT_FALSE(IsCallId(bad)) << bad;
  }
}

// "own/peer" or "own/room:id", or the refusal.
template <typename Record>
std::string Half(const Record& record) {
  absl::StatusOr<FeedHalf> half = HalfOf(TwoRosters(), record);
  if (!half.ok()) return v1::ErrorCode_Name(*rpc::RefusalOf(half.status()));
  return half->own.phone_id() + (half->room ? "/room:" : "/") + half->peer;
}

TEST(CallRulesTest, TheHalvesOfACdrFollowFromAndToAndFeed) {
  v1::Cdr cdr;
  EXPECT_EQ(Half(cdr), "INVALID_DATA");
  cdr.set_to("380670000009_9");
  EXPECT_EQ(Half(cdr), "380670000001_5/380670000009_9");
  cdr.set_from("380670000001_6");
  EXPECT_EQ(Half(cdr), "380670000001_6/380670000009_9");
  *cdr.mutable_p2p() = SortedPair("380670000009_9", "380670000001_5");
  EXPECT_EQ(Half(cdr), "INVALID_DATA") << "the feed is another roster's";
  cdr.set_from("380670000001_5");
  EXPECT_EQ(Half(cdr), "380670000001_5/380670000009_9");
  cdr.set_to("380670000008_8");
  EXPECT_EQ(Half(cdr), "INVALID_DATA");
  cdr.set_to("room1");
  cdr.mutable_muc()->set_name("room1");
  EXPECT_EQ(Half(cdr), "380670000001_5/room:room1");
  cdr.clear_feed();
  EXPECT_EQ(Half(cdr), "380670000001_5/room:room1");
  cdr.set_from("380670000009_9");
  EXPECT_EQ(Half(cdr), "NOT_AUTHORIZED");
}

TEST(CallRulesTest, ACallNeedsAnIdAndAP2pFeed) {
  v1::Call call;
  call.set_id("c1");
  EXPECT_EQ(Half(call), "INVALID_DATA");
  call.mutable_muc()->set_name("room1");
  EXPECT_EQ(Half(call), "INVALID_DATA");
  *call.mutable_p2p() = SortedPair("380670000001_5", "380670000009_9");
  EXPECT_EQ(Half(call), "380670000001_5/380670000009_9");
  call.set_id("c 1");
  EXPECT_EQ(Half(call), "INVALID_DATA");
  call.set_id("c1");
  call.set_from("380670000009_9");
  EXPECT_EQ(Half(call), "PERMISSION_DENIED");
}

TEST(CallRulesTest, ACdrNeedsATypeAndSensibleTimes) {
  v1::Cdr cdr;
  EXPECT_FALSE(CheckCdr(cdr).ok());
  cdr.set_type(v1::AUDIO);
  EXPECT_TRUE(CheckCdr(cdr).ok());
  cdr.set_duration(-1);
  EXPECT_FALSE(CheckCdr(cdr).ok());
  cdr.set_duration(1);
  cdr.set_id("");
  EXPECT_FALSE(CheckCdr(cdr).ok());
}

TEST(CallRulesTest, TheTableOfSteps) {
  const CallView none;
  const CallView rings_caller{.exists = true, .by_caller = true};
  const CallView rings_callee{.exists = true};
  const CallView talks_caller{.exists = true, .answered = true, .by_caller = true};
  const CallView talks_callee{.exists = true, .answered = true, .by_answerer = true};
  const CallView talks_other{.exists = true, .answered = true};
  const CallView over{.exists = true, .ended = true, .by_caller = true};
  struct Row {
    v1::Call::Status signal;
    Kind none, rings_caller, rings_callee, talks, over;
  };
  const Row rows[] = {
      {v1::Call::OFFER, Kind::kStart, Kind::kRelay, Kind::kRelay, Kind::kRelay, Kind::kInvalid},
      {v1::Call::RINGING, Kind::kInvalid, Kind::kInvalid, Kind::kRelay, Kind::kInvalid,
       Kind::kInvalid},
      {v1::Call::ANSWER, Kind::kInvalid, Kind::kInvalid, Kind::kAnswer, Kind::kRelay,
       Kind::kInvalid},
      {v1::Call::CANDIDATE, Kind::kInvalid, Kind::kRelay, Kind::kRelay, Kind::kRelay,
       Kind::kInvalid},
      {v1::Call::BUSY, Kind::kInvalid, Kind::kInvalid, Kind::kEnd, Kind::kInvalid, Kind::kInvalid},
      {v1::Call::CANCEL, Kind::kInvalid, Kind::kEnd, Kind::kEnd, Kind::kEnd, Kind::kInvalid},
      {v1::Call::HANGUP, Kind::kInvalid, Kind::kEnd, Kind::kEnd, Kind::kEnd, Kind::kInvalid},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(Judge(none, row.signal).kind, row.none) << row.signal;
    EXPECT_EQ(Judge(rings_caller, row.signal).kind, row.rings_caller) << row.signal;
    EXPECT_EQ(Judge(rings_callee, row.signal).kind, row.rings_callee) << row.signal;
    EXPECT_EQ(Judge(talks_caller, row.signal).kind, row.talks) << row.signal;
    EXPECT_EQ(Judge(talks_callee, row.signal).kind, row.talks) << row.signal;
    EXPECT_EQ(Judge(talks_other, row.signal).kind, Kind::kDenied) << row.signal;
    EXPECT_EQ(Judge(over, row.signal).kind, row.over) << row.signal;
  }
  EXPECT_EQ(Judge(rings_caller, v1::Call::HANGUP).end, v1::Cdr::MISSED);
  EXPECT_EQ(Judge(rings_callee, v1::Call::CANCEL).end, v1::Cdr::DECLINED);
  EXPECT_EQ(Judge(rings_callee, v1::Call::BUSY).end, v1::Cdr::BUSY);
  EXPECT_EQ(Judge(talks_callee, v1::Call::HANGUP).end, v1::Cdr::ENDED);
}

TEST(TurnTest, CredentialsAreThoseOfTheRestScheme) {
  // python3: base64.b64encode(hmac.new(b"north", b"1433895918:7", hashlib.sha1).digest())
  const TurnCredentials credentials = MakeTurnCredentials("north", "7", 1433895918);
  EXPECT_EQ(credentials.user, "1433895918:7");
  EXPECT_EQ(credentials.password, "/S7cxlFY9Lt98mSttaBpZXA7AQg=");
}

}  // namespace
}  // namespace chat::media
