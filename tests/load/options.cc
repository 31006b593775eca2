#include "tests/load/options.h"

#include <charconv>
#include <cstdlib>
#include <functional>
#include <sstream>
#include <string_view>

#include "libs/base/status.h"

namespace chat::load {

namespace {

absl::Status Wrong(const std::string& what) { return absl::InvalidArgumentError(what); }

std::vector<std::string> Split(const std::string& text, std::string_view separators) {
  std::vector<std::string> parts;
  std::string part;
  for (const char letter : text + std::string(1, separators[0])) {
    if (separators.find(letter) == std::string_view::npos) {
      part += letter;
    } else if (!part.empty()) {
      parts.push_back(std::exchange(part, {}));
    }
  }
  return parts;
}

template <typename Number>
absl::Status Read(const std::string& text, Number low, Number high, Number* number) {
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, *number);
  if (error != std::errc() || stop != end || *number < low || *number > high) {
    return Wrong("'" + text + "' is not a number in range");
  }
  return absl::OkStatus();
}

absl::Status ReadQos(const std::string& text, TrafficOptions* traffic) {
  traffic->qos.clear();
  for (const std::string& part : Split(text, ",")) {
    uint32_t qos = 0;
    CHAT_RETURN_IF_ERROR(Read<uint32_t>(part, 0, 2, &qos));
    traffic->qos.push_back(static_cast<mqtt::Qos>(qos));
  }
  return traffic->qos.empty() ? Wrong("no QoS") : absl::OkStatus();
}

absl::Status ReadDeliveryQos(const std::string& text, Options* options) {
  uint32_t qos = 0;
  CHAT_RETURN_IF_ERROR(Read<uint32_t>(text, 0, 2, &qos));
  options->delivery_qos = static_cast<mqtt::Qos>(qos);
  return absl::OkStatus();
}

absl::Status ReadMix(const std::string& text, TrafficOptions* traffic) {
  traffic->messages = 0;
  for (const std::string& part : Split(text, ",")) {
    const size_t equals = part.find('=');
    const std::string name = part.substr(0, equals);
    uint32_t* share = name == "message"   ? &traffic->messages
                      : name == "typing"  ? &traffic->typing
                      : name == "edit"    ? &traffic->edits
                      : name == "history" ? &traffic->history
                                          : nullptr;
    if (share == nullptr || equals == std::string::npos) {
      return Wrong("'" + part + "' is not message=N, typing=N, edit=N or history=N");
    }
    CHAT_RETURN_IF_ERROR(Read<uint32_t>(part.substr(equals + 1), 0, 1'000'000, share));
  }
  return traffic->messages > 0 ? absl::OkStatus() : Wrong("a mix without messages");
}

absl::Status ReadPids(const std::string& text, Options* options) {
  for (const std::string& part : Split(text, ",")) {
    const size_t equals = part.find('=');
    if (equals == std::string::npos) return Wrong("'" + part + "' is not name=pid");
    int pid = 0;
    CHAT_RETURN_IF_ERROR(Read<int>(part.substr(equals + 1), 1, 1 << 30, &pid));
    options->pids.emplace_back(part.substr(0, equals), pid);
  }
  return absl::OkStatus();
}

struct Option {
  std::string_view name;
  std::string_view value;
  std::string_view meaning;
  std::function<absl::Status(const std::string&, Options*)> read;
};

template <typename Number>
auto Into(Number Options::*member, Number low, Number high) {
  return [=](const std::string& text, Options* options) {
    return Read<Number>(text, low, high, &(options->*member));
  };
}

auto Into(std::string Options::*member) {
  return [=](const std::string& text, Options* options) {
    options->*member = text;
    return absl::OkStatus();
  };
}

template <typename Number>
auto IntoTraffic(Number TrafficOptions::*member, Number low, Number high) {
  return [=](const std::string& text, Options* options) {
    return Read<Number>(text, low, high, &(options->traffic.*member));
  };
}

const std::vector<Option>& Table() {
  static const auto* table = new std::vector<Option>{
      {"gateways", "HOST:PORT,…", "where the devices connect (CHAT_MQTT)",
       [](const std::string& text, Options* options) {
         options->gateways = Split(text, ", ");
         return absl::OkStatus();
       }},
      {"outbox", "DIR", "where the cluster writes its codes (CHAT_OUTBOX)", Into(&Options::outbox)},
      {"state", "DIR", "the folder of deploy/local/up, for CPU and memory (CHAT_STATE)",
       Into(&Options::state)},
      {"pids", "NAME=PID,…", "further processes to measure", ReadPids},
      {"devices", "N", "how many devices, each of a phone of its own (20)",
       Into<uint32_t>(&Options::devices, 2, 100'000)},
      {"pairs", "0|1", "whether neighbours are friends and talk (1)",
       [](const std::string& text, Options* options) {
         options->pairs = text != "0";
         return absl::OkStatus();
       }},
      {"rooms", "N", "how many rooms they make (0)", Into<uint32_t>(&Options::rooms, 0, 10'000)},
      {"room-members", "N", "devices in each room (10)",
       Into<uint32_t>(&Options::room_members, 2, 10'000)},
      {"plain", "0|1", "pairs at a plain MQTT broker: the text alone, no records (0)",
       [](const std::string& text, Options* options) {
         options->plain = text != "0";
         return absl::OkStatus();
       }},
      {"rate", "R", "records a second of all devices; 0: as fast as acknowledged (0)",
       IntoTraffic<double>(&TrafficOptions::rate, 0, 1e6)},
      {"window", "N", "without a rate: records in flight per device (1)",
       IntoTraffic<uint32_t>(&TrafficOptions::window, 1, 1'000)},
      {"seconds", "S", "how long they send (10)", Into<double>(&Options::seconds, 0, 1e6)},
      {"warm-up", "S", "seconds before the figures begin (0)",
       Into<double>(&Options::warm_up, 0, 1e4)},
      {"size", "BYTES", "of a text (256)",
       IntoTraffic<size_t>(&TrafficOptions::text_bytes, 1, 65'536)},
      {"qos", "Q,…", "of the messages, in turn; 0 only with a rate (1)",
       [](const std::string& text, Options* options) { return ReadQos(text, &options->traffic); }},
      {"delivery-qos", "Q",
       "the devices subscribe to their conversations at Q (no: the server's 2)", ReadDeliveryQos},
      {"mix", "NAME=N,…", "shares of message, typing, edit, history (message=100)",
       [](const std::string& text, Options* options) { return ReadMix(text, &options->traffic); }},
      {"seed", "N", "of everything that is drawn (1)",
       IntoTraffic<uint64_t>(&TrafficOptions::seed, 0, UINT64_MAX)},
      {"keep-alive", "S", "of the connections; a silent server is given up after twice that (30)",
       Into<uint16_t>(&Options::keep_alive_s, 1, 3'600)},
      {"drain", "S", "how long to wait at the end for what is missing (60)",
       Into<double>(&Options::drain_seconds, 0, 1e5)},
      {"setup", "S", "how long registration and the like may take (120)",
       Into<double>(&Options::setup_seconds, 1, 1e5)},
      {"accounts", "FILE", "keeps the registered devices for the next run",
       Into(&Options::accounts)},
      {"json", "FILE", "writes the result there", Into(&Options::json)},
      {"acknowledged", "FILE", "writes each acknowledged msg_id and its id there",
       Into(&Options::acknowledged)},
  };
  return *table;
}

absl::Status Check(const Options& options) {
  if (options.gateways.empty()) return Wrong("--gateways: none given");
  const TrafficOptions& traffic = options.traffic;
  if (options.plain && (options.rooms > 0 || !options.accounts.empty() ||
                        traffic.typing + traffic.edits + traffic.history > 0)) {
    return Wrong("--plain: a plain broker has no rooms, accounts or records other than messages");
  }
  if (!options.plain && options.outbox.empty() && options.accounts.empty()) {
    return Wrong("--outbox: none given");
  }
  if (options.devices % 2 != 0) return Wrong("--devices: pairs need an even number");
  if (options.rooms > 0 && options.room_members > options.devices) {
    return Wrong("--room-members: more than --devices");
  }
  if (options.rooms == 0 && !options.pairs) return Wrong("--pairs 0 without --rooms: nobody talks");
  if (traffic.rate > 0) return absl::OkStatus();
  for (const mqtt::Qos qos : traffic.qos) {
    if (qos == mqtt::Qos::kAtMostOnce) return Wrong("--qos 0 is not acknowledged: it needs --rate");
  }
  return absl::OkStatus();
}

void ReadEnvironment(Options* options) {
  const auto get = [](const char* name) {
    const char* value = std::getenv(name);
    return std::string(value == nullptr ? "" : value);
  };
  options->gateways = Split(get("CHAT_MQTT"), ", ");
  options->outbox = get("CHAT_OUTBOX");
  options->state = get("CHAT_STATE");
}

}  // namespace

absl::StatusOr<Options> ParseOptions(const std::vector<std::string>& arguments) {
  Options options;
  ReadEnvironment(&options);
  for (size_t i = 0; i < arguments.size(); ++i) {
    if (arguments[i] == "--help" || arguments[i] == "-h") return absl::CancelledError(Usage());
    const size_t equals = arguments[i].find('=');
    const std::string name = arguments[i].substr(0, equals);
    const Option* found = nullptr;
    for (const Option& option : Table()) {
      if (name == "--" + std::string(option.name)) found = &option;
    }
    if (found == nullptr) return Wrong("'" + name + "' is no option; --help lists them");
    if (equals == std::string::npos && i + 1 == arguments.size()) {
      return Wrong(name + ": needs " + std::string(found->value));
    }
    const std::string value =
        equals == std::string::npos ? arguments[++i] : arguments[i].substr(equals + 1);
    const absl::Status read = found->read(value, &options);
    if (!read.ok()) return Wrong(name + ": " + Message(read));
  }
  CHAT_RETURN_IF_ERROR(Check(options));
  // Without a subscription a plain broker brings nothing.
  if (options.plain && !options.delivery_qos) options.delivery_qos = mqtt::Qos::kAtLeastOnce;
  return options;
}

std::string Usage() {
  std::ostringstream text;
  text << "chat-load puts load on a CHAT cluster and keeps account of what it promised.\n\n";
  for (const Option& option : Table()) {
    std::string left = "  --" + std::string(option.name) + " " + std::string(option.value);
    if (left.size() < 26) left.append(26 - left.size(), ' ');
    text << left << " " << option.meaning << "\n";
  }
  text << "\nIt ends with 0 when the promise was kept, 1 when it was broken, 2 when the run could "
          "not be made.\nSIGINT or SIGTERM ends the sending early; what follows is the same.\n";
  return text.str();
}

}  // namespace chat::load
