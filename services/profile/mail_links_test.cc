// From an address to a verified one, over gRPC and on a real PostgreSQL (PROTOCOL 5.3).
#include "services/profile/profile_fixture.h"

namespace chat::profile {
namespace {

constexpr char kPhone[] = "380670001234";
constexpr char kAddress[] = "Olena@Example.org";

class MailLinksTest : public ProfileFixture {
 protected:
  absl::Status Link(const std::string& address, v1::Reply* reply) {
    return Ask(call_, &Stub::Link, WithService("email", address), reply);
  }
  absl::Status Link(const std::string& address = kAddress) {
    v1::Reply unread;
    return Link(address, &unread);
  }
  absl::Status Verify(const std::string& code, const std::string& address = kAddress) {
    return Ask(call_, &Stub::Email, WithService("email", address, code));
  }
  std::string LastCode() const { return mail_.letters().back().code; }
  static std::string WrongOf(const std::string& code) {
    return code == "000000" ? "000001" : "000000";
  }
  // "login status" of each service of the profile.
  std::string Services() {
    v1::Reply reply;
    EXPECT_TRUE(Ask(call_, &Stub::Get, {}, &reply).ok());
    std::string text;
    for (const v1::Service& service : reply.records(0).profile().services()) {
      EXPECT_EQ(service.type(), "email");
      EXPECT_FALSE(service.has_password());
      text += service.login() + " " + service.status() + ";";
    }
    journal_.Take();
    return text;
  }

  const rpc::Call call_ = As(kPhone);
};

TEST_F(MailLinksTest, AnAddressIsAddedThenVerifiedAndTheDirectoryLearnsIt) {
  v1::Reply reply;
  ASSERT_TRUE(Link(kAddress, &reply).ok());
  EXPECT_EQ(reply.records(0).io().ok().atom(), "email_sent");
  EXPECT_TRUE(reply.records(0).io().has_nothing());
  EXPECT_EQ(Services(), "Olena@Example.org added;");
  const courier::Letter mail = mail_.letters().at(0);
  EXPECT_EQ(mail.kind, courier::Kind::kEmail);
  EXPECT_EQ(mail.to, kAddress);
  EXPECT_EQ(mail.code.size(), 6u);
  EXPECT_NE(mail.text.find(mail.code), std::string::npos);
  EXPECT_EQ(
      database_.Exec("SELECT count(*) FROM profile.link WHERE encode(code, 'escape') LIKE '%" +
                     mail.code + "%'"),
      "0");

  reply.Clear();
  ASSERT_TRUE(
      Ask(call_, &Stub::Email, WithService("email", "olena@example.org", mail.code), &reply).ok());
  EXPECT_EQ(reply.records(0).io().ok().atom(), "verified");
  EXPECT_EQ(journal_.Take(), std::vector<std::string>{"roster.PutAccount " +
                                                      std::to_string(call_.caller.account_id()) +
                                                      " v1 EVERYBODY Olena@Example.org"});
  EXPECT_EQ(Services(), "Olena@Example.org verified;");
  ExpectRefused(Verify(mail.code), v1::WRONG_CODE);
}

TEST_F(MailLinksTest, WhatIsNotExactlyOneAddressIsInvalidData) {
  ExpectRefused(Link("olena"), v1::INVALID_DATA);
  ExpectRefused(Link("a@b.c\r\nBcc: x@y.z"), v1::INVALID_DATA);
  ExpectRefused(Ask(call_, &Stub::Link, {}), v1::INVALID_DATA);
  v1::Profile two = WithService("email", kAddress);
  *two.add_services() = two.services(0);
  ExpectRefused(Ask(call_, &Stub::Link, two), v1::INVALID_DATA);
  EXPECT_TRUE(mail_.letters().empty());
  EXPECT_EQ(Services(), "");
}

TEST_F(MailLinksTest, AMailThatCannotBeHandedOverChangesNothing) {
  ASSERT_TRUE(Link().ok());
  const std::string code = LastCode();
  mail_.Break(absl::UnavailableError("away"));
  ExpectRefused(Link(), v1::INVALID_DATA);
  ExpectRefused(Link("other@example.org"), v1::INVALID_DATA);
  EXPECT_EQ(Services(), "Olena@Example.org added;");
  EXPECT_TRUE(Verify(code).ok()) << "the code that did arrive still counts";
}

TEST_F(MailLinksTest, ANewCodeVoidsTheOldOne) {
  ASSERT_TRUE(Link().ok());
  const std::string first = LastCode();
  do ASSERT_TRUE(Link().ok());
  while (LastCode() == first);
  ExpectRefused(Verify(first), v1::WRONG_CODE);
  EXPECT_TRUE(Verify(LastCode()).ok());
}

TEST_F(MailLinksTest, FiveWrongTriesUseACodeUp) {
  ASSERT_TRUE(Link().ok());
  for (int i = 0; i < 5; ++i) ExpectRefused(Verify(WrongOf(LastCode())), v1::WRONG_CODE);
  ExpectRefused(Verify(LastCode()), v1::WRONG_CODE);
  EXPECT_EQ(Services(), "Olena@Example.org added;");
}

TEST_F(MailLinksTest, ACodeLivesAnHour) {
  ASSERT_TRUE(Link().ok());
  Pass("59 minutes");
  sweeper_->Sweep();
  Pass("61 seconds");
  ExpectRefused(Verify(LastCode()), v1::WRONG_CODE);
  sweeper_->Sweep();
  EXPECT_EQ(database_.Exec("SELECT count(*) FROM profile.link"), "0");
}

TEST_F(MailLinksTest, ACodeIsForItsAddressAndAccountOnly) {
  ASSERT_TRUE(Link().ok());
  ExpectRefused(Verify(LastCode(), "other@example.org"), v1::WRONG_CODE);
  ExpectRefused(Verify(""), v1::WRONG_CODE);
  const rpc::Call stranger = As("4917000001");
  ExpectRefused(Ask(stranger, &Stub::Email, WithService("email", kAddress, LastCode())),
                v1::WRONG_CODE);
  v1::Profile foreign = WithService("email", kAddress, LastCode());
  foreign.set_phone("4917000001");
  ExpectRefused(Ask(call_, &Stub::Email, foreign), v1::NOT_AUTHORIZED);
  ExpectRefused(Ask(call_, &Stub::Link, foreign), v1::NOT_AUTHORIZED);
  EXPECT_TRUE(Verify(LastCode()).ok());
}

TEST_F(MailLinksTest, CodesAreLimitedByAddressAndByAccount) {
  const rpc::Call stranger = As("4917000001");
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(Link().ok());
    ASSERT_TRUE(Ask(stranger, &Stub::Link, WithService("email", kAddress)).ok());
  }
  ExpectRefused(Link("olena@example.org"), v1::TOO_MANY);
  for (int i = 0; i < 6; ++i) {
    ASSERT_TRUE(Link("olena" + std::to_string(i) + "@example.org").ok());
  }
  ExpectRefused(Link("new@example.org"), v1::TOO_MANY);
  EXPECT_EQ(mail_.letters().size(), 10u);
  Pass("1 hour");
  EXPECT_TRUE(Link().ok());
}

TEST_F(MailLinksTest, VerifiedAddressesAreLimited) {
  for (const char* address : {"1@b.c", "2@b.c"}) {
    ASSERT_TRUE(Link(address).ok());
    ASSERT_TRUE(Verify(LastCode(), address).ok());
  }
  ExpectRefused(Link("3@b.c"), v1::TOO_MANY);
  EXPECT_EQ(Services(), "1@b.c verified;2@b.c verified;");
}

TEST_F(MailLinksTest, ADirectoryThatIsAwayLearnsAnAddressLater) {
  ASSERT_TRUE(Link().ok());
  journal_.Take();
  journal_.Break("roster.PutAccount");
  ASSERT_TRUE(Verify(LastCode()).ok());
  EXPECT_TRUE(journal_.Take().empty());
  journal_.Break("roster.PutAccount", false);
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (database_.Exec("SELECT count(*) FROM profile.outbox") != "0" &&
         std::chrono::steady_clock::now() < until) {
    std::this_thread::yield();
  }
  EXPECT_EQ(journal_.Take().size(), 1u);
}

}  // namespace
}  // namespace chat::profile
