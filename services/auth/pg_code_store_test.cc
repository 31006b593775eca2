#include "services/auth/pg_code_store.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "libs/pg/test_database.h"
#include "services/auth/migrations.h"

namespace chat::auth {
namespace {

constexpr char kPhone[] = "380670001234";

Registration Of(const std::string& client_id, const std::string& phone = kPhone,
                const std::string& address = "192.0.2.1") {
  return {.client_id = client_id,
          .phone = phone,
          .dev_key = "DevKey",
          .os = "android",
          .jwt = false,
          .code = "903182",
          .address = address};
}

SendVerdict Same(const std::optional<Pending>& pending) {
  return pending ? SendVerdict::kSame : SendVerdict::kNone;
}
VerifyVerdict Accept(const std::optional<Pending>& pending) {
  return pending ? VerifyVerdict::kAccept : VerifyVerdict::kNone;
}
VerifyVerdict Again(const std::optional<Pending>&) { return VerifyVerdict::kAgain; }

class PgCodeStoreTest : public testing::Test {
 protected:
  bool Register(const Registration& registration) {
    return store_.Register(pg::Soon(), registration).value();
  }
  std::optional<Pending> Read(const std::string& client_id) {
    std::optional<Pending> seen;
    EXPECT_TRUE(store_
                    .TryCode(pg::Soon(), client_id,
                             [&](const std::optional<Pending>& pending) {
                               seen = pending;
                               return VerifyVerdict::kNone;
                             })
                    .ok());
    return seen;
  }
  NewSession Session(const std::string& client_id, const std::string& hash) {
    return {.client_id = client_id,
            .session_id = "emqttd_x",
            .other_id = "emqttd_x_other",
            .account_id = 7,
            .token_hash = hash};
  }

  pg::TestDatabase database_{"auth", kMigrations};
  PgCodeStore store_{database_.pool(), {.phone_per_hour = 5, .address_per_minute = 8}, 86'400};
};

TEST_F(PgCodeStoreTest, ARegistrationKeepsBytesAsTheyCame) {
  Registration registration = Of("reg_\xFF'x");
  registration.dev_key = std::string("\0\xFE\\", 3);
  ASSERT_TRUE(Register(registration));
  std::optional<Pending> row = Read("reg_\xFF'x");
  ASSERT_TRUE(row);
  EXPECT_EQ(row->dev_key, registration.dev_key);
  EXPECT_EQ(row->phone, kPhone);
  EXPECT_EQ(row->os, "android");
  EXPECT_EQ(row->code, "903182");
  EXPECT_EQ(row->wrong_tries, 0);
  EXPECT_FALSE(row->verified_s);
  EXPECT_FALSE(Read("reg_other"));
}

TEST_F(PgCodeStoreTest, RegisteringAgainStartsAnew) {
  ASSERT_TRUE(Register(Of("reg_1")));
  auto wrong = [](const std::optional<Pending>&) { return VerifyVerdict::kWrong; };
  ASSERT_TRUE(store_.TryCode(pg::Soon(), "reg_1", wrong).ok());
  ASSERT_TRUE(store_.TryCode(pg::Soon(), "reg_1", wrong).ok());
  EXPECT_EQ(Read("reg_1")->wrong_tries, 2);
  database_.Exec("UPDATE auth.pending SET code_at = code_at - interval '1000 seconds'");
  EXPECT_GE(Read("reg_1")->code_age_s, 1000);
  Registration second = Of("reg_1", "4917000001");
  second.code = "111111";
  ASSERT_TRUE(Register(second));
  EXPECT_EQ(Read("reg_1")->wrong_tries, 0);
  EXPECT_EQ(Read("reg_1")->code, "111111");
  EXPECT_EQ(Read("reg_1")->phone, "4917000001");
  EXPECT_LT(Read("reg_1")->code_age_s, 100);
}

TEST_F(PgCodeStoreTest, TheSixthCodeOfAPhoneInAnHourIsRefusedAndChangesNothing) {
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(Register(Of("reg_1", kPhone, "")));
  Registration sixth = Of("reg_1", kPhone, "");
  sixth.code = "000000";
  EXPECT_FALSE(Register(sixth));
  EXPECT_EQ(Read("reg_1")->code, "903182");
  EXPECT_TRUE(Register(Of("reg_2", "4917000001", "")));
  database_.Exec("UPDATE auth.code_sent SET sent_at = sent_at - interval '61 minutes'");
  EXPECT_TRUE(Register(sixth));
}

TEST_F(PgCodeStoreTest, AnAddressIsLimitedByTheMinuteOverAllPhones) {
  for (int i = 0; i < 8; ++i) {
    ASSERT_TRUE(Register(Of("reg_" + std::to_string(i), "1000" + std::to_string(i))));
  }
  EXPECT_FALSE(Register(Of("reg_9", "10009")));
  EXPECT_TRUE(Register(Of("reg_9", "10009", "192.0.2.2")));
  database_.Exec("UPDATE auth.code_sent SET sent_at = sent_at - interval '61 seconds'");
  EXPECT_TRUE(Register(Of("reg_10", "10010")));
}

TEST_F(PgCodeStoreTest, ALimitOfZeroIsNoLimit) {
  PgCodeStore store(database_.pool(), {.phone_per_hour = 0, .address_per_minute = 0}, 86'400);
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(store.Register(pg::Soon(), Of("reg_1")).value());
}

TEST_F(PgCodeStoreTest, RequestsAtOnceDoNotSlipPastTheLimit) {
  std::atomic<int> allowed = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&, i] {
      absl::StatusOr<bool> done = store_.Register(pg::Soon(), Of("reg_" + std::to_string(i)));
      if (done.ok() && *done) ++allowed;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(allowed, 5);
}

TEST_F(PgCodeStoreTest, ARepeatedCodeIsTheSameAndCounts) {
  ASSERT_TRUE(Register(Of("reg_1")));
  CodeRequest request{"reg_1", "192.0.2.1", [](const std::string&) { return "222222"; }};
  for (int i = 0; i < 4; ++i) {
    absl::StatusOr<CodeAnswer> answer = store_.RepeatCode(pg::Soon(), request, Same);
    ASSERT_TRUE(answer.ok());
    EXPECT_TRUE(answer->within_limits);
    EXPECT_EQ(answer->pending.code, "903182");
    EXPECT_EQ(answer->pending.phone, kPhone);
  }
  EXPECT_FALSE(store_.RepeatCode(pg::Soon(), request, Same)->within_limits);
}

TEST_F(PgCodeStoreTest, ANewCodeTakesThePlaceOfTheOldOneAndLeavesTheTries) {
  Registration registration = Of("reg_1");
  registration.jwt = true;
  ASSERT_TRUE(Register(registration));
  database_.Exec("UPDATE auth.pending SET wrong = 3, code_at = now() - interval '10 minutes'");
  CodeRequest request{"reg_1", "", [](const std::string& phone) { return "new" + phone; }};
  absl::StatusOr<CodeAnswer> answer = store_.RepeatCode(
      pg::Soon(), request, [](const std::optional<Pending>&) { return SendVerdict::kNew; });
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ(answer->pending.code, std::string("new") + kPhone);
  std::optional<Pending> row = Read("reg_1");
  EXPECT_EQ(row->code, std::string("new") + kPhone);
  EXPECT_FALSE(row->jwt);
  EXPECT_EQ(row->wrong_tries, 3);
  EXPECT_LT(row->code_age_s, 300);
}

TEST_F(PgCodeStoreTest, ARefusedRepetitionDoesNotCount) {
  CodeRequest request{"reg_none", "", [](const std::string&) { return "222222"; }};
  EXPECT_EQ(store_.RepeatCode(pg::Soon(), request, Same)->verdict, SendVerdict::kNone);
  EXPECT_EQ(database_.Exec("SELECT count(*) FROM auth.code_sent"), "0");
}

TEST_F(PgCodeStoreTest, AnAcceptedCodeMakesTheSessionWithItsToken) {
  ASSERT_TRUE(Register(Of("reg_x")));
  absl::StatusOr<OpenedSession> opened =
      store_.OpenSession(pg::Soon(), Session("reg_x", "H1"), Accept);
  ASSERT_TRUE(opened.ok());
  EXPECT_EQ(opened->verdict, VerifyVerdict::kAccept);
  EXPECT_EQ(opened->client_id, "emqttd_x");
  EXPECT_EQ(database_.Exec("SELECT concat_ws(' ', convert_from(client_id, 'UTF8'), account_id,"
                           " phone, convert_from(dev_key, 'UTF8'), os) FROM auth.session"),
            "emqttd_x 7 380670001234 DevKey android");
  EXPECT_EQ(database_.Exec("SELECT convert_from(hash, 'UTF8') FROM auth.token"), "H1");
  EXPECT_EQ(Read("reg_x")->verified_s, 0);
}

TEST_F(PgCodeStoreTest, ARefusedCodeMakesNothing) {
  EXPECT_EQ(store_.OpenSession(pg::Soon(), Session("reg_x", "H1"), Accept)->verdict,
            VerifyVerdict::kNone);
  EXPECT_EQ(database_.Exec("SELECT count(*) FROM auth.session"), "0");
}

TEST_F(PgCodeStoreTest, RepeatingAVerificationVoidsTheFirstToken) {
  ASSERT_TRUE(Register(Of("reg_x")));
  ASSERT_TRUE(store_.OpenSession(pg::Soon(), Session("reg_x", "H1"), Accept).ok());
  absl::StatusOr<OpenedSession> again =
      store_.OpenSession(pg::Soon(), Session("reg_x", "H2"), Again);
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(again->verdict, VerifyVerdict::kAgain);
  EXPECT_EQ(again->client_id, "emqttd_x");
  EXPECT_EQ(database_.Exec("SELECT count(*) FROM auth.session"), "1");
  EXPECT_EQ(database_.Exec("SELECT string_agg(convert_from(hash, 'UTF8'), ',') FROM auth.token"),
            "H2");
}

TEST_F(PgCodeStoreTest, ASessionThatHasEndedIsNotGivenATokenAgain) {
  ASSERT_TRUE(Register(Of("reg_x")));
  ASSERT_TRUE(store_.OpenSession(pg::Soon(), Session("reg_x", "H1"), Accept).ok());
  database_.Exec("DELETE FROM auth.session");
  EXPECT_FALSE(Read("reg_x"));
}

TEST_F(PgCodeStoreTest, TheSamePhoneReplacesItsSessionAndAStrangerGetsAnotherId) {
  ASSERT_TRUE(Register(Of("reg_x")));
  ASSERT_TRUE(store_.OpenSession(pg::Soon(), Session("reg_x", "H1"), Accept).ok());
  std::string first = database_.Exec("SELECT id FROM auth.session");
  Registration same_phone = Of("emqttd_reg_x");
  same_phone.dev_key = "Other";
  ASSERT_TRUE(Register(same_phone));
  EXPECT_EQ(store_.OpenSession(pg::Soon(), Session("emqttd_reg_x", "H2"), Accept)->client_id,
            "emqttd_x");
  EXPECT_EQ(database_.Exec("SELECT count(*) FROM auth.session"), "1");
  EXPECT_NE(database_.Exec("SELECT id FROM auth.session"), first);

  Registration stranger = Of("reg_x", "4917000001");
  ASSERT_TRUE(Register(stranger));
  EXPECT_EQ(store_.OpenSession(pg::Soon(), Session("reg_x", "H3"), Accept)->client_id,
            "emqttd_x_other");
  EXPECT_EQ(database_.Exec("SELECT count(*) FROM auth.session"), "2");
}

TEST_F(PgCodeStoreTest, TwoRegistrationsForOneIdAtOnceLeaveOneSession) {
  ASSERT_TRUE(Register(Of("reg_x")));
  ASSERT_TRUE(Register(Of("emqttd_reg_x")));
  std::vector<std::thread> threads;
  for (const char* id : {"reg_x", "emqttd_reg_x"}) {
    threads.emplace_back([this, id] {
      absl::StatusOr<OpenedSession> opened =
          store_.OpenSession(pg::Soon(), Session(id, id), Accept);
      ASSERT_TRUE(opened.ok()) << opened.status().ToString();
      EXPECT_EQ(opened->client_id, "emqttd_x");
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(database_.Exec("SELECT count(*) FROM auth.session"), "1");
  EXPECT_EQ(database_.Exec("SELECT count(*) FROM auth.token"), "1");
}

}  // namespace
}  // namespace chat::auth
