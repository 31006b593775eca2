#include "services/room/room_service.h"

#include <grpcpp/server_builder.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>

#include "libs/pg/migrate.h"
#include "libs/rpc/call.h"
#include "libs/rpc/refusal.h"
#include "services/room/migrations.h"
#include "services/room/pg_room_store.h"

namespace chat::room {
namespace {

std::string Superuser() {
  const char* url = std::getenv("CHAT_TEST_PG");
  return url == nullptr ? "" : url;
}

std::string DatabaseName() { return "room_test_" + std::to_string(getpid()); }

// The superuser's URL with another database.
std::string DatabaseUrl() {
  const std::string url = Superuser();
  const size_t query = std::min(url.find('?'), url.size());
  const size_t slash = std::min(url.find('/', url.find("//") + 2), query);
  return url.substr(0, slash) + "/" + DatabaseName() + url.substr(query);
}

void RunOn(const std::string& url, const std::string& sql) {
  pqxx::connection connection(url);
  pqxx::nontransaction(connection).exec(sql);
}

class RoomServiceTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    if (Superuser().empty()) {
      ADD_FAILURE() << "CHAT_TEST_PG is not set";
      std::exit(1);
    }
    RunOn(Superuser(), "CREATE DATABASE " + DatabaseName());
    const absl::Status migrated = pg::Migrate(DatabaseUrl(), "room", kMigrations);
    ASSERT_TRUE(migrated.ok()) << migrated;
  }
  static void TearDownTestSuite() {
    RunOn(Superuser(), "DROP DATABASE " + DatabaseName() + " WITH (FORCE)");
  }

  absl::Status Get(const std::string& id) {
    v1::Room request;
    request.set_id(id);
    request.set_status(v1::Room::GET);
    v1::Reply reply;
    return rpc::Invoke(rpc::Background(std::chrono::seconds(10)), *stub_,
                       &v1::RoomService::Stub::Get, request, &reply);
  }

  pg::Pool pool_{DatabaseUrl(), 2};
  PgRoomStore store_{pool_};
  RoomService service_{store_};
  std::unique_ptr<grpc::Server> server_{
      grpc::ServerBuilder().RegisterService(&service_).BuildAndStart()};
  std::unique_ptr<v1::RoomService::Stub> stub_{
      v1::RoomService::NewStub(server_->InProcessChannel({}))};
};

TEST_F(RoomServiceTest, ARoomThatNobodyMadeIsNotFound) {
  for (const std::string& id : {std::string("r"), std::string(), std::string(1000, 'r'),
                                std::string("'; --\0\xff", 7), std::string("380670001234_1")}) {
    EXPECT_EQ(rpc::RefusalOf(Get(id)), v1::NOT_FOUND) << id;
  }
}

TEST_F(RoomServiceTest, ARoomIsClosedToThoseWhoAreNotInItUntilItIsDeleted) {
  RunOn(DatabaseUrl(), "INSERT INTO room.room (name_id) VALUES ('r1')");
  EXPECT_EQ(rpc::RefusalOf(Get("r1")), v1::PERMISSION_DENIED);
  RunOn(DatabaseUrl(), "UPDATE room.room SET deleted = now() WHERE name_id = 'r1'");
  EXPECT_EQ(rpc::RefusalOf(Get("r1")), v1::NOT_FOUND);
}

TEST_F(RoomServiceTest, ARoomIdIsNeverUsedTwice) {
  RunOn(DatabaseUrl(), "INSERT INTO room.room (name_id, deleted) VALUES ('r2', now())");
  EXPECT_THROW(RunOn(DatabaseUrl(), "INSERT INTO room.room (name_id) VALUES ('r2')"),
               pqxx::unique_violation);
}

}  // namespace
}  // namespace chat::room
