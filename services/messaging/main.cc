#include <memory>

#include "libs/base/status.h"
#include "libs/rpc/process.h"
#include "services/messaging/delivery_internal_service.h"
#include "services/messaging/feeds_internal_service.h"
#include "services/messaging/history_service.h"
#include "services/messaging/journeys_service.h"
#include "services/messaging/message_service.h"
#include "services/messaging/messaging_config.h"
#include "services/messaging/migrations.h"
#include "services/messaging/open_topics_service.h"
#include "services/messaging/ordered_lane.h"
#include "services/messaging/parts.h"
#include "services/messaging/trace_service.h"
#include "services/messaging/typing_service.h"

int main(int argc, char** argv) {
  using namespace chat;
  rpc::Process process("messaging", argc, argv);
  messaging::MessagingConfig config;
  config.Declare(process.keys());
  process.Schema(pg::Schema{"messaging", messaging::kMessagingMigrations, &config.pg_url});
  process.Schema(pg::Schema{"delivery", messaging::kDeliveryMigrations, &config.pg_url});
  return process.Run([&](rpc::Serving& serving) -> absl::Status {
    CHAT_RETURN_IF_ERROR(config.Check());
    auto parts = std::make_shared<messaging::Parts>(config);
    serving.Keep(parts);
    auto lane = std::make_shared<messaging::OrderedLane>(
        parts->sender, static_cast<size_t>(config.lane_outstanding));
    serving.Add(lane);
    serving.Add(std::make_shared<messaging::MessageService>(parts->sender, parts->editor));
    serving.Add(std::make_shared<messaging::HistoryService>(parts->history, parts->announcer,
                                                            parts->receipts, parts->links));
    serving.Add(std::make_shared<messaging::CursorService>(parts->history, parts->announcer,
                                                           parts->receipts));
    serving.Add(std::make_shared<messaging::TypingService>(parts->lane));
    serving.Add(std::make_shared<messaging::FeedsInternalService>(
        parts->projections, parts->history, parts->messages, parts->sessions, parts->announcer,
        parts->lane, parts->objects, parts->links));
    serving.Add(std::make_shared<messaging::DeliveryInternalService>(
        parts->sessions, parts->replay, parts->projections, parts->horizon, parts->links));
    serving.Add(std::make_shared<messaging::OpenTopicsService>(parts->open, parts->publish()));
    serving.Add(std::make_shared<messaging::TraceService>(parts->traces));
    serving.Add(std::make_shared<messaging::JourneysService>(*parts->notes, serving.name()));
    serving.OnStarted([parts] {
      parts->announcer.Start();
      parts->horizon.Tick();  // sessions can be opened from the first call on
      parts->horizon.Start();
      return absl::OkStatus();
    });
    serving.OnDrain([lane] { lane->Drain(); });
    return absl::OkStatus();
  });
}
