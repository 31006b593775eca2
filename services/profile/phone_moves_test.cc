// To another phone, over gRPC and on a real PostgreSQL (PROTOCOL 5.3, Profile/migrate and phone).
#include "services/profile/profile_fixture.h"

namespace chat::profile {
namespace {

constexpr char kPhone[] = "380670001234";
constexpr char kNew[] = "4917000009";

class PhoneMovesTest : public ProfileFixture {
 protected:
  absl::Status Migrate(const std::string& phone, v1::Reply* reply) {
    v1::Profile request;
    request.set_phone(phone);
    return Ask(call_, &Stub::Migrate, request, reply);
  }
  absl::Status Migrate(const std::string& phone = kNew) {
    v1::Reply unread;
    return Migrate(phone, &unread);
  }
  absl::Status Phone(const std::string& code, v1::Reply* reply, const std::string& phone = kNew) {
    v1::Profile request = WithService("phone", phone, code);
    request.set_phone(phone);
    return Ask(call_, &Stub::Phone, request, reply);
  }
  absl::Status Phone(const std::string& code, const std::string& phone = kNew) {
    v1::Reply unread;
    return Phone(code, &unread, phone);
  }
  static std::string WrongOf(const std::string& code) {
    return code == "000000" ? "000001" : "000000";
  }
  std::string Stored() { return database_.Exec("SELECT phone FROM profile.account ORDER BY id"); }

  const rpc::Call call_ = As(kPhone);
  const std::string id_ = std::to_string(call_.caller.account_id());
  const std::vector<std::string> steps_ = {"auth.RenameAccount " + id_ + " " + kNew,
                                           "roster.RenameAccount " + id_ + " " + kNew};
};

TEST_F(PhoneMovesTest, TheCodeOfTheNewPhoneMovesTheAccount) {
  v1::Reply reply;
  ASSERT_TRUE(Migrate("+4917000009", &reply).ok());
  EXPECT_EQ(reply.records(0).io().ok().atom(), "migration");
  EXPECT_TRUE(reply.records(0).io().has_nothing());
  EXPECT_EQ(journal_.Take(), std::vector<std::string>{"auth.SendCode 4917000009 from 192.0.2.1"});
  EXPECT_EQ(Stored(), kPhone);
  EXPECT_EQ(auth_.last_code().size(), 6u);

  Pass("1 minute");
  ASSERT_TRUE(Phone(auth_.last_code(), &reply).ok());
  const v1::Profile& moved = reply.records(0).profile();
  EXPECT_EQ(moved.phone(), kNew);
  EXPECT_EQ(moved.status(), v1::Profile::PHONE);
  EXPECT_GT(moved.update(), 1'600'000'000'000);
  ASSERT_EQ(moved.rosters_size(), 1);
  EXPECT_EQ(moved.rosters(0).roster().phone(), kNew);
  EXPECT_FALSE(moved.has_presence());
  std::vector<std::string> told = journal_.Take();
  told.resize(2);
  EXPECT_EQ(told, steps_);
  EXPECT_EQ(Stored(), kNew);
  EXPECT_EQ(database_.Exec("SELECT count(*) FROM profile.rename"), "0");

  v1::AccountReply account;
  ASSERT_TRUE(Ensure(kPhone, &account).ok());
  EXPECT_NE(account.account_id(), call_.caller.account_id()) << "the old phone is free";
}

TEST_F(PhoneMovesTest, ARepeatIsAnsweredAgainAndNothingElseWithTheSameCode) {
  ASSERT_TRUE(Migrate().ok());
  const std::string code = auth_.last_code();
  ASSERT_TRUE(Phone(code).ok());
  v1::Reply reply;
  ASSERT_TRUE(Phone(code, &reply).ok());
  EXPECT_EQ(reply.records(0).profile().phone(), kNew);
  ExpectRefused(Phone(WrongOf(code)), v1::NOT_AUTHORIZED);
  Pass("15 minutes");
  ExpectRefused(Phone(code), v1::NOT_AUTHORIZED);
  sweeper_->Sweep();
  EXPECT_EQ(database_.Exec("SELECT count(*) FROM profile.move"), "0");
}

TEST_F(PhoneMovesTest, ANumberThatCannotBeMovedToIsInvalidData) {
  As("4917000001");
  for (const char* phone : {"", "1234", kPhone, "+380670001234", "4917000001"}) {
    ExpectRefused(Migrate(phone), v1::INVALID_DATA);
  }
  EXPECT_TRUE(journal_.Take().empty());
  auth_.Refuse(v1::INVALID_DATA);
  ExpectRefused(Migrate(), v1::INVALID_DATA);
  EXPECT_EQ(database_.Exec("SELECT count(*) FROM profile.move"), "0");
}

TEST_F(PhoneMovesTest, WithoutAPendingMoveAndTheRightCodeNothingMoves) {
  ExpectRefused(Phone("123456"), v1::NOT_AUTHORIZED);
  ASSERT_TRUE(Migrate().ok());
  const std::string code = auth_.last_code();
  ExpectRefused(Phone(code, "4917000008"), v1::NOT_AUTHORIZED);
  ExpectRefused(Phone(WrongOf(code)), v1::NOT_AUTHORIZED);
  v1::Profile other = WithService("phone", "4917000008", code);
  other.set_phone(kNew);
  ExpectRefused(Ask(call_, &Stub::Phone, other), v1::NOT_AUTHORIZED);
  v1::Profile none;
  none.set_phone(kNew);
  ExpectRefused(Ask(call_, &Stub::Phone, none), v1::NOT_AUTHORIZED);
  const rpc::Call stranger = As("4917000001");
  v1::Profile stolen = WithService("phone", kNew, code);
  stolen.set_phone(kNew);
  ExpectRefused(Ask(stranger, &Stub::Phone, stolen), v1::NOT_AUTHORIZED);
  EXPECT_EQ(Stored(), kPhone);
  EXPECT_TRUE(Phone(code).ok());
}

TEST_F(PhoneMovesTest, FiveWrongTriesAndFifteenMinutesEndAMove) {
  ASSERT_TRUE(Migrate().ok());
  for (int i = 0; i < 5; ++i) ExpectRefused(Phone(WrongOf(auth_.last_code())), v1::NOT_AUTHORIZED);
  ExpectRefused(Phone(auth_.last_code()), v1::NOT_AUTHORIZED);
  ASSERT_TRUE(Migrate().ok());
  Pass("901 seconds");
  ExpectRefused(Phone(auth_.last_code()), v1::NOT_AUTHORIZED);
  EXPECT_EQ(Stored(), kPhone);
}

TEST_F(PhoneMovesTest, APhoneThatSomebodyRegisteredMeanwhileIsTaken) {
  ASSERT_TRUE(Migrate().ok());
  As(kNew);
  ExpectRefused(Phone(auth_.last_code()), v1::INVALID_DATA);
  EXPECT_EQ(Stored(), kPhone);
  EXPECT_TRUE(journal_.Take().empty());
}

TEST_F(PhoneMovesTest, CodesAreLimited) {
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(Migrate().ok());
  ExpectRefused(Migrate(), v1::TOO_MANY);
  auth_.Refuse(v1::ATTEMPTS_EXPIRED);
  ExpectRefused(Migrate("4917000008"), v1::TOO_MANY);
}

TEST_F(PhoneMovesTest, AFailureAfterTheMoveIsFinishedByTheSweeper) {
  ASSERT_TRUE(Migrate().ok());
  journal_.Break("roster.RenameAccount");
  EXPECT_EQ(Phone(auth_.last_code()).code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(Stored(), kNew);
  journal_.Break("roster.RenameAccount", false);
  journal_.Take();
  sweeper_->Sweep();
  EXPECT_TRUE(journal_.Take().empty()) << "somebody may still be at it";
  Pass("11 seconds");
  sweeper_->Sweep();
  EXPECT_EQ(journal_.Take(), steps_);
  EXPECT_EQ(database_.Exec("SELECT count(*) FROM profile.rename"), "0");
  Pass("11 seconds");
  sweeper_->Sweep();
  EXPECT_TRUE(journal_.Take().empty());
}

}  // namespace
}  // namespace chat::profile
