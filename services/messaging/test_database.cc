#include "services/messaging/test_database.h"

#include <unistd.h>

#include <cstdlib>

#include "libs/base/status.h"
#include "libs/pg/migrate.h"
#include "services/messaging/migrations.h"

namespace chat::messaging {

namespace {

void Execute(const std::string& url, const std::string& sql) {
  pqxx::connection connection(url);
  pqxx::nontransaction(connection).exec(sql);
}

// Made at the first test, dropped when the process ends.
class OwnDatabase : public ::testing::Environment {
 public:
  explicit OwnDatabase(std::string server) : server_(std::move(server)) {
    Execute(server_, "CREATE DATABASE " + name_);
    size_t options = server_.find('?');
    size_t slash = server_.rfind('/', options);
    url = server_.substr(0, slash + 1) + name_ +
          (options == std::string::npos ? "" : server_.substr(options));
    status = pg::Migrate(url, "messaging", kMessagingMigrations);
    status.Update(pg::Migrate(url, "delivery", kDeliveryMigrations));
  }
  void TearDown() override { Execute(server_, "DROP DATABASE " + name_ + " WITH (FORCE)"); }

  std::string url;
  absl::Status status;

 private:
  const std::string server_;
  const std::string name_ = "chat_messaging_test_" + std::to_string(::getpid());
};

OwnDatabase* TheDatabase() {
  static OwnDatabase* const database = []() -> OwnDatabase* {
    const char* server = std::getenv("CHAT_TEST_PG");
    if (server == nullptr || *server == '\0') return nullptr;
    return new OwnDatabase(server);  // GoogleTest owns it from here on
  }();
  return database;
}

const auto* const kRegistered = [] {
  OwnDatabase* database = TheDatabase();
  return database == nullptr ? nullptr : ::testing::AddGlobalTestEnvironment(database);
}();

}  // namespace

void DatabaseTest::SetUp() {
  ASSERT_NE(TheDatabase(), nullptr) << "CHAT_TEST_PG is not set";
  ASSERT_TRUE(TheDatabase()->status.ok()) << TheDatabase()->status;
  url_ = TheDatabase()->url;
  pool_ = std::make_unique<pg::Pool>(url_, 8);
  Sql("TRUNCATE messaging.roster, messaging.feed, messaging.message, messaging.notice, "
      "messaging.reader, messaging.hidden, messaging.room, messaging.room_member, "
      "messaging.applied, messaging.announcement, "
      "delivery.session "
      "RESTART IDENTITY");
}

pqxx::result DatabaseTest::Sql(const std::string& sql) {
  pqxx::connection connection(url_);
  return pqxx::nontransaction(connection).exec(sql);
}

v1::Caller DatabaseTest::Caller(int n) {
  v1::Caller caller;
  caller.set_account_id(Account(n).value);
  caller.set_phone(Phone(n));
  caller.set_client_id("emqttd_" + std::to_string(n));
  auto* own = caller.add_rosters();
  own->set_id(n);
  own->set_phone_id(PhoneId(n));
  return caller;
}

v1::Change* DatabaseTest::Next(v1::ApplyRequest* request) {
  v1::Change* change = request->add_changes();
  change->set_source("roster");
  change->set_sequence(++sequence_);
  return change;
}

Announcement DatabaseTest::Apply(const v1::ApplyRequest& request) {
  auto announcement = PgProjectionStore(pool()).Apply(In(), request);
  EXPECT_TRUE(announcement.ok()) << announcement.status();
  return announcement.value_or(Announcement());
}

void DatabaseTest::AddPeople(int count) {
  v1::ApplyRequest request;
  for (int n = 1; n <= count; ++n) {
    v1::RosterProjection* roster = Next(&request)->mutable_roster();
    roster->set_roster_id(n);
    roster->set_account_id(Account(n).value);
    roster->set_phone_id(PhoneId(n));
  }
  Apply(request);
}

void DatabaseTest::SetFriends(int one, int other, bool open) {
  v1::ApplyRequest request;
  v1::FriendshipChange* friendship = Next(&request)->mutable_friendship();
  friendship->set_roster_a(one);
  friendship->set_roster_b(other);
  friendship->set_open(open);
  friendship->set_version(sequence_);
  Apply(request);
}

Send DatabaseTest::Hello(int from, int to, const std::string& msg_id, const std::string& text) {
  v1::Message message;
  message.set_to(PhoneId(to));
  if (!msg_id.empty()) message.set_msg_id(msg_id);
  message.add_files()->set_payload(text);
  auto send = CheckSend(Caller(from), message);
  EXPECT_TRUE(send.ok()) << send.status();
  return *send;
}

MessageRow DatabaseTest::Store(int from, int to, const std::string& msg_id,
                               const std::string& text) {
  Send send = Hello(from, to, msg_id, text);
  const Send* sends[] = {&send};
  auto outcomes = PgSendStore(pool()).Append(In(), sends, {});
  EXPECT_TRUE(outcomes.ok()) << outcomes.status();
  if (!outcomes.ok()) return {};
  EXPECT_EQ(outcomes->each[0].kind, SendOutcome::Kind::kStored);
  return outcomes->each[0].row;
}

}  // namespace chat::messaging
