#include "services/auth/pg_session_store.h"

#include <gtest/gtest.h>

#include "libs/pg/test_database.h"
#include "services/auth/migrations.h"
#include "services/auth/secrets.h"

namespace chat::auth {
namespace {

class PgSessionStoreTest : public testing::Test {
 protected:
  // A session with one live token `hash`; its id.
  int64_t Add(const std::string& client_id, const std::string& hash, int64_t account = 7) {
    int64_t id = std::stoll(database_.Exec(
        "INSERT INTO auth.session (client_id, account_id, phone) VALUES ('" + client_id + "', " +
        std::to_string(account) + ", '380670001234') RETURNING id"));
    EXPECT_TRUE(store_.AddToken(pg::Soon(), id, hash).value());
    return id;
  }
  std::string Tokens() {
    return database_.Exec(
        "SELECT string_agg(convert_from(hash, 'UTF8'), ',' ORDER BY id) FROM auth.token");
  }
  int64_t TokenId(const std::string& hash) {
    return std::stoll(database_.Exec("SELECT id FROM auth.token WHERE hash = '" + hash + "'"));
  }
  void Expire(const std::string& hash, const std::string& ago) {
    database_.Exec("UPDATE auth.token SET expires = now() - interval '" + ago + "' WHERE hash = '" +
                   hash + "'");
  }

  pg::TestDatabase database_{"auth", kMigrations};
  PgSessionStore store_{database_.pool(), {.token_s = 100, .renew_s = 1000, .code_s = 900}};
};

TEST_F(PgSessionStoreTest, ASessionIsFoundByItsClientAndByItsToken) {
  int64_t id = Add("emqttd_1", "H1");
  Add("emqttd_2", "H2");
  absl::StatusOr<std::optional<Session>> by_client = store_.FindByClient(pg::Soon(), "emqttd_1");
  ASSERT_TRUE(by_client.ok() && *by_client);
  EXPECT_EQ((*by_client)->id, id);
  EXPECT_EQ((*by_client)->account_id, 7);
  EXPECT_EQ((*by_client)->phone, "380670001234");
  ASSERT_EQ((*by_client)->tokens.size(), 1u);
  EXPECT_EQ((*by_client)->tokens[0].hash, "H1");
  EXPECT_EQ((*store_.FindByToken(pg::Soon(), "H2"))->client_id, "emqttd_2");
  EXPECT_FALSE(*store_.FindByClient(pg::Soon(), "emqttd_3"));
  EXPECT_FALSE(*store_.FindByToken(pg::Soon(), "H3"));
}

TEST_F(PgSessionStoreTest, ATokenIsLiveThenRenewableThenDead) {
  Add("emqttd_1", "H1");
  auto state = [&] { return (*store_.FindByClient(pg::Soon(), "emqttd_1"))->tokens[0].state; };
  EXPECT_EQ(state(), TokenState::kLive);
  Expire("H1", "1 second");
  EXPECT_EQ(state(), TokenState::kRenewable);
  Expire("H1", "990 seconds");
  EXPECT_EQ(state(), TokenState::kRenewable);
  Expire("H1", "1100 seconds");
  EXPECT_EQ(state(), TokenState::kDead);
}

TEST_F(PgSessionStoreTest, ASessionWithoutTokensIsFoundAllTheSame) {
  Add("emqttd_1", "H1");
  database_.Exec("DELETE FROM auth.token");
  absl::StatusOr<std::optional<Session>> session = store_.FindByClient(pg::Soon(), "emqttd_1");
  ASSERT_TRUE(session.ok() && *session);
  EXPECT_TRUE((*session)->tokens.empty());
}

TEST_F(PgSessionStoreTest, TheOldTokenLivesUntilTheNewOneIsUsed) {
  int64_t id = Add("emqttd_1", "H1");
  int64_t old_token = TokenId("H1");
  Expire("H1", "1 second");
  EXPECT_TRUE(store_.Connected(pg::Soon(), id, old_token, "H2").value());
  EXPECT_TRUE(store_.Connected(pg::Soon(), id, old_token, "H3").value());
  EXPECT_EQ(Tokens(), "H1,H2,H3");
  EXPECT_TRUE(store_.Connected(pg::Soon(), id, TokenId("H2"), "").value());
  EXPECT_EQ(Tokens(), "H2,H3");
}

TEST_F(PgSessionStoreTest, RenewedTokensDoNotPileUp) {
  int64_t id = Add("emqttd_1", "H0");
  for (int i = 1; i < 10; ++i) {
    ASSERT_TRUE(store_.AddToken(pg::Soon(), id, "H" + std::to_string(i)).value());
  }
  EXPECT_EQ(Tokens(), "H0,H7,H8,H9");
}

TEST_F(PgSessionStoreTest, ConnectingIsRememberedAsLastOnline) {
  int64_t id = Add("emqttd_1", "H1");
  database_.Exec("UPDATE auth.session SET last_online = now() - interval '1 day'");
  ASSERT_TRUE(store_.Connected(pg::Soon(), id, TokenId("H1"), "").value());
  EXPECT_EQ(database_.Exec("SELECT now() - last_online < interval '1 minute' FROM auth.session"),
            "t");
}

TEST_F(PgSessionStoreTest, NothingIsGivenToASessionThatIsGone) {
  EXPECT_FALSE(store_.Connected(pg::Soon(), 99, 1, "H").value());
  EXPECT_FALSE(store_.AddToken(pg::Soon(), 99, "H").value());
  EXPECT_FALSE(store_.SetPush(pg::Soon(), 99, "P", "ios").value());
  EXPECT_FALSE(store_.SetPush(pg::Soon(), 99, std::nullopt, "ios").value());
}

TEST_F(PgSessionStoreTest, OnlyTheOwnAccountEndsASessionAndItsTokensDieWithIt) {
  Add("emqttd_1", "H1");
  Add("emqttd_2", "H2");
  EXPECT_FALSE(store_.End(pg::Soon(), 8, "emqttd_1").value());
  EXPECT_TRUE(store_.End(pg::Soon(), 7, "emqttd_1").value());
  EXPECT_FALSE(store_.End(pg::Soon(), 7, "emqttd_1").value());
  EXPECT_EQ(Tokens(), "H2");
}

TEST_F(PgSessionStoreTest, APushTokenBelongsToOneSessionOnly) {
  int64_t first = Add("emqttd_1", "H1");
  int64_t second = Add("emqttd_2", "H2", 8);
  const std::string push(4000, 'p');
  auto owner = [&] {
    return database_.Exec(
        "SELECT string_agg(id::text, ',') FROM auth.session"
        " WHERE push IS NOT NULL");
  };
  ASSERT_TRUE(store_.SetPush(pg::Soon(), first, push, "ios").value());
  EXPECT_EQ(owner(), std::to_string(first));
  ASSERT_TRUE(store_.SetPush(pg::Soon(), second, push, "android").value());
  EXPECT_EQ(owner(), std::to_string(second));
  ASSERT_TRUE(store_.SetPush(pg::Soon(), second, std::nullopt, "web").value());
  EXPECT_EQ(owner(), std::to_string(second));
  ASSERT_TRUE(store_.SetPush(pg::Soon(), second, "", "web").value());
  EXPECT_EQ(owner(), "");
  EXPECT_EQ(database_.Exec("SELECT os FROM auth.session WHERE client_id = 'emqttd_2'"), "web");
}

TEST_F(PgSessionStoreTest, AListHasTheOwnSessionFirstThenTheOldest) {
  Add("emqttd_1", "H1");
  Add("emqttd_2", "H2");
  Add("emqttd_3", "H3");
  Add("emqttd_4", "H4", 8);
  database_.Exec("UPDATE auth.session SET created = now() - id * interval '1 hour'");
  absl::StatusOr<std::vector<Session>> list = store_.List(pg::Soon(), 7, "emqttd_2");
  ASSERT_TRUE(list.ok());
  std::vector<std::string> ids;
  for (const Session& session : *list) ids.push_back(session.client_id);
  EXPECT_EQ(ids, (std::vector<std::string>{"emqttd_2", "emqttd_3", "emqttd_1"}));
  EXPECT_GT((*list)[0].created_ms, 1'600'000'000'000);
  EXPECT_GT((*list)[0].last_online_ms, (*list)[0].created_ms);
}

TEST_F(PgSessionStoreTest, GoneSessionsAreToldAndTheOthersCountAsOnline) {
  int64_t id = Add("emqttd_1", "H1");
  database_.Exec("UPDATE auth.session SET last_online = now() - interval '2 hours'");
  EXPECT_EQ(store_.Gone(pg::Soon(), {id, id + 1, id + 2}).value(),
            (std::vector<int64_t>{id + 1, id + 2}));
  EXPECT_TRUE(store_.Gone(pg::Soon(), {}).value().empty());
  EXPECT_EQ(database_.Exec("SELECT now() - last_online < interval '1 minute' FROM auth.session"),
            "t");
}

TEST_F(PgSessionStoreTest, AnAnonymousTokenIsKeptWhileItLives) {
  EXPECT_FALSE(store_.KeepInitToken(pg::Soon(), "reg_1", "", "T1").value());
  EXPECT_TRUE(store_.KeepInitToken(pg::Soon(), "reg_1", "T1", "T2").value());
  EXPECT_TRUE(store_.KeepInitToken(pg::Soon(), "reg_other", "T1", "T2").value());
  EXPECT_FALSE(store_.KeepInitToken(pg::Soon(), "reg_1", "unknown", "T3").value());
  EXPECT_FALSE(store_.KeepInitToken(pg::Soon(), "reg_1", "T1", "T4").value());
  EXPECT_EQ(database_.Exec("SELECT count(*) FROM auth.init_token"), "1");
  EXPECT_EQ(database_.Exec("SELECT expires - now() BETWEEN interval '14 minutes' AND"
                           " interval '15 minutes' FROM auth.init_token"),
            "t");
  database_.Exec("UPDATE auth.init_token SET expires = now()");
  EXPECT_FALSE(store_.KeepInitToken(pg::Soon(), "reg_1", "T4", "T5").value());
}

TEST_F(PgSessionStoreTest, ASweepDeletesWhatHasExpiredAndNothingElse) {
  Add("emqttd_live", "H1");
  Add("emqttd_renewable", "H2");
  Expire("H2", "900 seconds");
  Add("emqttd_dead", "H3");
  Expire("H3", "1100 seconds");
  Add("emqttd_dead_but_online", "H4");
  Expire("H4", "1100 seconds");
  database_.Exec(
      "UPDATE auth.session SET last_online = now() - interval '2 days'"
      " WHERE client_id <> 'emqttd_dead_but_online'");
  database_.Exec(
      "INSERT INTO auth.pending (client_id, phone, dev_key, os, jwt, code, code_at) VALUES"
      " ('reg_late', '12345', '', '', false, '1', now() - interval '20 minutes'),"
      " ('reg_old', '12345', '', '', false, '1', now() - interval '76 minutes')");
  database_.Exec(
      "INSERT INTO auth.code_sent (phone, address, sent_at) VALUES"
      " ('12345', '', now() - interval '59 minutes'), ('12345', '', now() - interval '2 hours')");
  database_.Exec(
      "INSERT INTO auth.init_token VALUES ('a', 'A', now() - interval '1 second'),"
      " ('b', 'B', now() + interval '1 minute')");
  absl::StatusOr<Swept> swept = store_.Sweep(pg::Soon());
  ASSERT_TRUE(swept.ok()) << swept.status().ToString();
  EXPECT_EQ(swept->pending, 1);
  EXPECT_EQ(swept->code_sent, 1);
  EXPECT_EQ(swept->tokens, 2);
  EXPECT_EQ(swept->init_tokens, 1);
  EXPECT_EQ(swept->sessions, 1);
  EXPECT_EQ(database_.Exec("SELECT convert_from(client_id, 'UTF8') FROM auth.pending"), "reg_late");
  EXPECT_EQ(database_.Exec("SELECT string_agg(convert_from(client_id, 'UTF8'), ',' ORDER BY id)"
                           " FROM auth.session"),
            "emqttd_live,emqttd_renewable,emqttd_dead_but_online");
  EXPECT_EQ(Tokens(), "H1,H2");
}

}  // namespace
}  // namespace chat::auth
