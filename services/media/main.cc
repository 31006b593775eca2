#include "libs/base/status.h"
#include "libs/rpc/channel.h"
#include "libs/rpc/process.h"
#include "services/media/aws_service.h"
#include "services/media/call_service.h"
#include "services/media/cdr_service.h"
#include "services/media/media_config.h"
#include "services/media/media_internal_service.h"
#include "services/media/media_service.h"
#include "services/media/migrations.h"
#include "services/media/parts.h"

int main(int argc, char** argv) {
  using namespace chat;
  rpc::Process process("media", argc, argv);
  media::MediaConfig config;
  config.Declare(process.keys());
  process.Schema(pg::Schema{"media", media::kMigrations, &config.pg_url});
  return process.Run([&](rpc::Serving& serving) -> absl::Status {
    CHAT_RETURN_IF_ERROR(config.Check());
    CHAT_ASSIGN_OR_RETURN(std::string link_secret, media::LinkSecret(config));
    auto parts = std::make_shared<media::Parts>(
        config, link_secret,
        media::Peers{rpc::RoundRobin(config.auth_addrs), rpc::RoundRobin(config.messaging_addrs),
                     rpc::RoundRobin(config.roster_addrs)});
    serving.Keep(parts);
    CHAT_RETURN_IF_ERROR(parts->files.Check());
    serving.Add(std::make_shared<media::MediaService>(parts->transfers));
    serving.Add(std::make_shared<media::MediaInternalService>(parts->attachments));
    serving.Add(std::make_shared<media::AwsService>(parts->sts.get()));
    serving.Add(
        std::make_shared<media::CdrService>(parts->cdrs, parts->feeds, config.calls.cdrs_per_day));
    serving.Add(std::make_shared<media::CallService>(
        parts->calls, media::TurnServer{config.calls.turn_uri, config.calls.turn_secret,
                                        config.calls.turn_life_s}));
    serving.OnStarted([parts = parts.get()] {
      parts->calls.Start();
      return parts->StartHttp();
    });
    serving.OnDrain([parts = parts.get()] { parts->http.Drain(std::chrono::seconds(3)); });
    return absl::OkStatus();
  });
}
