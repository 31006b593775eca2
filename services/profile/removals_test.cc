// The end of an account, over gRPC and on a real PostgreSQL (PROTOCOL 5.3, Profile/remove).
#include "services/profile/profile_fixture.h"

namespace chat::profile {
namespace {

constexpr char kPhone[] = "380670001234";

class RemovalsTest : public ProfileFixture {
 protected:
  absl::Status Remove(v1::Reply* reply) { return Ask(call_, &Stub::Remove, {}, reply); }
  absl::Status Remove() { return Ask(call_, &Stub::Remove, {}); }
  std::string Accounts() { return database_.Exec("SELECT count(*) FROM profile.account"); }

  const rpc::Call call_ = As(kPhone);
  const std::string id_ = std::to_string(call_.caller.account_id());
  const std::vector<std::string> steps_ = {"roster.RemoveAccount " + id_,
                                           "feeds.EndSessions " + id_ + " " + kPhone + " REMOVE",
                                           "auth.RemoveAccount " + id_ + " " + kPhone};
};

TEST_F(RemovalsTest, EveryServiceForgetsTheAccountAndItsRowGoesLast) {
  v1::Person person;
  person.set_id(kPhone);
  person.set_names("Olena");
  v1::Reply reply;
  ASSERT_TRUE(rpc::Invoke(call_, *person_, &v1::PersonService::Stub::Set, person, &reply).ok());
  ASSERT_TRUE(Ask(call_, &Stub::Link, WithService("email", "a@b.c")).ok());
  ASSERT_TRUE(Remove(&reply).ok());
  EXPECT_EQ(reply.records_size(), 0) << "the Profile comes with the end of the session";
  EXPECT_EQ(journal_.Take(), steps_);
  for (const char* table : {"account", "person", "link", "outbox"}) {
    EXPECT_EQ(database_.Exec(std::string("SELECT count(*) FROM profile.") + table), "0") << table;
  }
  ExpectRefused(Remove(), v1::NOT_FOUND);
}

TEST_F(RemovalsTest, AForeignPhoneIsNotRemoved) {
  v1::Profile request;
  request.set_phone("4917000001");
  ExpectRefused(Ask(call_, &Stub::Remove, request), v1::NOT_AUTHORIZED);
  EXPECT_TRUE(journal_.Take().empty());
  EXPECT_EQ(Accounts(), "1");
}

TEST_F(RemovalsTest, AFailureInTheMiddleIsFinishedByTheSweeper) {
  for (const char* step : {"roster.RemoveAccount", "feeds.EndSessions", "auth.RemoveAccount"}) {
    const rpc::Call call = As(std::string("4917000") + std::to_string(std::string(step).size()));
    journal_.Break(step);
    EXPECT_EQ(Ask(call, &Stub::Remove, {}).code(), absl::StatusCode::kUnavailable) << step;
    v1::AccountReply opened;
    EXPECT_EQ(Open(call.caller.account_id(), &opened).code(), absl::StatusCode::kNotFound);
    v1::Reply reply;
    EXPECT_EQ(Ask(call, &Stub::Get, {}, &reply).code(), absl::StatusCode::kNotFound);
    sweeper_->Sweep();
    EXPECT_EQ(Accounts(), "2") << "somebody may still be at it";
    Pass("11 seconds");
    sweeper_->Sweep();
    EXPECT_EQ(Accounts(), "2") << "still broken";
    journal_.Break(step, false);
    Pass("11 seconds");
    journal_.Take();
    sweeper_->Sweep();
    EXPECT_EQ(Accounts(), "1");
    EXPECT_EQ(journal_.Take().size(), 3u) << "every step again";
  }
}

TEST_F(RemovalsTest, ARepeatGoesOnWithWhatHasBegun) {
  journal_.Break("auth.RemoveAccount");
  EXPECT_FALSE(Remove().ok());
  journal_.Take();
  journal_.Break("auth.RemoveAccount", false);
  EXPECT_TRUE(Remove().ok());
  EXPECT_EQ(journal_.Take(), steps_);
  EXPECT_EQ(Accounts(), "0");
}

TEST_F(RemovalsTest, ThePhoneGetsANewAccountAlsoInTheMiddle) {
  journal_.Break("auth.RemoveAccount");
  EXPECT_FALSE(Remove().ok());
  v1::AccountReply account;
  EXPECT_EQ(Ensure(kPhone, &account).code(), absl::StatusCode::kUnavailable);
  journal_.Break("auth.RemoveAccount", false);
  ASSERT_TRUE(Ensure(kPhone, &account).ok());
  EXPECT_GT(account.account_id(), call_.caller.account_id());
  EXPECT_EQ(Accounts(), "1");
}

}  // namespace
}  // namespace chat::profile
