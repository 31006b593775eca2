#include "libs/base/status.h"
#include "libs/rpc/process.h"
#include "services/room/migrations.h"
#include "services/room/parts.h"
#include "services/room/room_internal.h"
#include "services/room/room_service.h"

int main(int argc, char** argv) {
  using namespace chat;
  rpc::Process process("room", argc, argv);
  room::RoomConfig config;
  config.Declare(process.keys());
  process.Schema(pg::Schema{"room", room::kMigrations, &config.pg_url});
  return process.Run([&](rpc::Serving& serving) -> absl::Status {
    CHAT_RETURN_IF_ERROR(config.Check());
    auto parts = std::make_shared<room::Parts>(config);
    serving.Keep(parts);
    serving.Add(std::make_shared<room::RoomService>(parts->store, parts->reader, parts->changer));
    serving.Add(std::make_shared<room::MemberService>(parts->changer));
    serving.Add(std::make_shared<room::RoomInternal>(parts->store, parts->reader, parts->changer,
                                                     config.limits));
    return absl::OkStatus();
  });
}
