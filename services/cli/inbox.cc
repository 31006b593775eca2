#include "services/cli/inbox.h"

#include <nlohmann/json.hpp>
#include <optional>
#include <sstream>

#include "libs/base/status.h"
#include "services/cli/hex.h"
#include "services/cli/private_file.h"

namespace chat::cli {

namespace {

using Json = nlohmann::ordered_json;

constexpr size_t kMaxBytes = size_t{64} << 20;

std::string Line(const client::Incoming& incoming) {
  const Json json = {{"topic", incoming.topic},
                     {"qos", static_cast<int>(incoming.qos)},
                     {"payload", ToHex(incoming.payload)}};
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::optional<client::Incoming> FromLine(const std::string& line) {
  try {
    const Json json = Json::parse(line);
    const auto payload = FromHex(json.at("payload").get<std::string>());
    const int qos = json.at("qos").get<int>();
    if (!payload || qos < 0 || qos > 2) return std::nullopt;
    client::Incoming incoming;
    incoming.topic = json.at("topic").get<std::string>();
    incoming.payload = *payload;
    incoming.qos = static_cast<mqtt::Qos>(qos);
    return incoming;
  } catch (const Json::exception&) {
    return std::nullopt;
  }
}

}  // namespace

absl::Status Inbox::Append(const client::Incoming& incoming) const {
  // The newline in front ends a line that a crash has cut.
  const std::string line = "\n" + Line(incoming);
  if (FileSize(path_) + line.size() > kMaxBytes) {
    return absl::InternalError(path_ + ": full; chat listen empties it");
  }
  return AppendPrivate(path_, line);
}

absl::StatusOr<std::vector<client::Incoming>> Inbox::Read() const {
  CHAT_ASSIGN_OR_RETURN(const std::optional<std::string> text, ReadPrivate(path_, kMaxBytes));
  std::vector<client::Incoming> messages;
  std::istringstream lines(text.value_or(""));
  for (std::string line; std::getline(lines, line);) {
    if (auto incoming = FromLine(line)) messages.push_back(*std::move(incoming));
  }
  return messages;
}

absl::Status Inbox::Replace(const std::vector<client::Incoming>& messages) const {
  if (messages.empty() && FileSize(path_) == 0) return absl::OkStatus();
  std::string text;
  for (const client::Incoming& incoming : messages) text += Line(incoming);
  return WritePrivate(path_, text);
}

}  // namespace chat::cli
