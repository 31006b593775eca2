#include "tests/load/run.h"

#include <signal.h>
#include <sys/resource.h>

#include <algorithm>
#include <cstdio>
#include <deque>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

#include "libs/base/status.h"
#include "tests/load/enrolment.h"
#include "tests/load/history_reading.h"
#include "tests/load/plain.h"

namespace chat::load {

namespace {

volatile sig_atomic_t stop_asked = 0;

constexpr size_t kEnrolAtOnce = 32;
constexpr size_t kConnectAtOnce = 200;
constexpr Micros kSecond = 1'000'000;
// After the last missing delivery: time for a copy too many to show.
constexpr double kAfterDrainSeconds = 2;

uint64_t OwnCpuUs() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto micros = [](const timeval& time) {
    return static_cast<uint64_t>(time.tv_sec) * kSecond + static_cast<uint64_t>(time.tv_usec);
  };
  return micros(usage.ru_utime) + micros(usage.ru_stime);
}

void Announce(const char* phase) {
  std::printf("phase %s\n", phase);
  std::fflush(stdout);
}

}  // namespace

void StopAtSignals() {
  struct sigaction action {};
  action.sa_handler = [](int) { stop_asked = 1; };
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

Run::Run(const Options& options) : options_(options), fleet_(context_, NewRun()) {
  context_.random.seed(std::random_device()());
  context_.limits.ping_timeout_ms = client::Millis{options.keep_alive_s} * 1000;
  began_ = NowUs();
}

absl::Status Run::Execute() {
  CHAT_RETURN_IF_ERROR(Resolve());
  LoadAccounts();
  CHAT_RETURN_IF_ERROR(Enrol());
  CHAT_RETURN_IF_ERROR(Connect());
  CHAT_RETURN_IF_ERROR(Gather());
  CHAT_RETURN_IF_ERROR(SaveAccounts());
  CHAT_RETURN_IF_ERROR(Subscribe());
  Send();
  Drain();
  ReadHistory();
  Conclude();
  for (Device& device : fleet_.devices()) device.Close();
  return WriteAcknowledged();
}

absl::Status Run::Resolve() {
  for (const std::string& gateway : options_.gateways) {
    CHAT_ASSIGN_OR_RETURN(const Endpoint endpoint, load::Resolve(gateway));
    context_.gateways.push_back(endpoint);
  }
  if (!options_.state.empty()) meter_.WatchState(options_.state);
  for (const auto& [name, pid] : options_.pids) meter_.Watch(name, pid);
  return absl::OkStatus();
}

template <typename Done>
bool Run::RoundsUntil(double seconds, const char* phase, Done done) {
  const Micros deadline = NowUs() + static_cast<Micros>(seconds * kSecond);
  while (!done()) {
    if (NowUs() > deadline) return false;
    fleet_.Round(20);
    Progress(phase);
  }
  return true;
}

absl::Status Run::Enrol() {
  if (options_.plain) {
    accounts_ = PlainAccounts(options_.devices);
    return absl::OkStatus();
  }
  Announce("enrol");
  Outbox outbox(options_.outbox);
  std::deque<Enrolment> enrolments;
  std::vector<Enrolment*> open;
  std::string trouble;
  const bool all = RoundsUntil(options_.setup_seconds, "enrol", [&] {
    while (open.size() < kEnrolAtOnce && accounts_.size() + open.size() < options_.devices) {
      open.push_back(&enrolments.emplace_back(context_, enrolments.size(), outbox));
    }
    outbox.Poll();
    for (Enrolment* one : open) {
      one->Tick(NowMs());
      if (!one->trouble().empty()) trouble = one->trouble();
      if (one->done()) accounts_.push_back(one->account());
    }
    std::erase_if(open, [](const Enrolment* one) { return one->done(); });
    return accounts_.size() >= options_.devices;
  });
  if (all) return absl::OkStatus();
  return absl::DeadlineExceededError("only " + std::to_string(accounts_.size()) +
                                     " devices could be registered; " + trouble);
}

absl::Status Run::Connect() {
  Announce("connect");
  for (uint32_t i = 0; i < options_.devices; ++i) fleet_.Add(accounts_[i]);
  size_t opened = 0;
  const bool all = RoundsUntil(options_.setup_seconds, "connect", [&] {
    while (opened < options_.devices && opened < fleet_.ready() + kConnectAtOnce) {
      fleet_.devices()[opened++].Open(options_.keep_alive_s);
    }
    return fleet_.ready() == options_.devices;
  });
  if (all) return absl::OkStatus();
  return absl::DeadlineExceededError("only " + std::to_string(fleet_.ready()) +
                                     " devices are connected");
}

absl::Status Run::Gather() {
  if (options_.plain) {
    for (Conversation& one : PlainConversations(options_.devices)) {
      fleet_.AddConversation(std::move(one));
    }
    return absl::OkStatus();
  }
  Announce("gather");
  Gathering gathering(fleet_);
  std::vector<Friendship> wanted;
  std::vector<std::vector<uint32_t>> rooms(options_.rooms);
  if (options_.pairs) {
    for (uint32_t i = 0; i + 1 < options_.devices; i += 2) wanted.emplace_back(i, i + 1);
  }
  for (uint32_t room = 0; room < options_.rooms; ++room) {
    // Spread over the fleet, so that the makers are different ones.
    const uint32_t first = room * options_.room_members;
    for (uint32_t i = 0; i < options_.room_members; ++i) {
      rooms[room].push_back((first + i) % options_.devices);
    }
    for (uint32_t i = 1; i < options_.room_members; ++i) {
      wanted.emplace_back(rooms[room][i], rooms[room][0]);
    }
  }
  for (Friendship& one : wanted) {
    const Friendship other{one.second, one.first};
    const auto is_known = [&](const Friendship& known) { return known == one || known == other; };
    if (std::any_of(known_friendships_.begin(), known_friendships_.end(), is_known)) continue;
    known_friendships_.push_back(one);
    gathering.Befriend({one});
  }
  const auto done = [&] { return gathering.Advance() == 0; };
  if (!RoundsUntil(options_.setup_seconds, "gather", done)) {
    return absl::DeadlineExceededError("not done in time: " + gathering.Waiting());
  }
  for (uint32_t i = 0; options_.pairs && i + 1 < options_.devices; i += 2) {
    fleet_.AddConversation({PrivateTopic(accounts_[i], accounts_[i + 1]), "", {i, i + 1}});
  }
  for (const auto& members : rooms) gathering.MakeRoom(members);
  if (RoundsUntil(options_.setup_seconds, "gather", done)) return absl::OkStatus();
  return absl::DeadlineExceededError("not done in time: " + gathering.Waiting());
}

absl::Status Run::Subscribe() {
  if (!options_.delivery_qos) return absl::OkStatus();
  Announce("subscribe");
  std::vector<std::set<std::string>> topics(options_.devices);
  for (const Conversation& one : fleet_.conversations()) {
    for (const uint32_t member : one.members) topics[member].insert(one.topic);
  }
  std::vector<const Device*> open;
  for (Device& device : fleet_.devices()) {
    if (topics[device.index()].empty()) continue;
    device.Subscribe(std::move(topics[device.index()]), *options_.delivery_qos);
    open.push_back(&device);
  }
  const bool all = RoundsUntil(options_.setup_seconds, "subscribe", [&] {
    std::erase_if(open, [](const Device* device) { return device->subscribed(); });
    return open.empty();
  });
  if (all) return absl::OkStatus();
  return absl::DeadlineExceededError(std::to_string(open.size()) + " devices are not subscribed");
}

void Run::Send() {
  Announce("traffic");
  Traffic traffic(fleet_, options_.traffic);
  const Micros begin = NowUs();
  Micros measured_from = begin + static_cast<Micros>(options_.warm_up * kSecond);
  const Micros end = measured_from + static_cast<Micros>(options_.seconds * kSecond);
  Snapshot from = Now();
  bool measuring = false;
  for (Micros now = begin; now < end && stop_asked == 0; now = NowUs()) {
    if (!measuring && now >= measured_from) {
      measuring = true;
      from = Now();
      fleet_.delivery_latency().Clear();
      fleet_.acknowledgement_latency().Clear();
      meter_.Start();
    }
    if (now >= next_sample_ && measuring) {
      meter_.Sample();
      next_sample_ = now + 5 * kSecond;
    }
    traffic.Advance(now);
    // Never without a pause: what is due within a millisecond goes out together, and the processor is
    // the cluster's meanwhile.
    const Micros pause = std::clamp<Micros>(traffic.next_due() - NowUs(), 1000, 50'000);
    fleet_.Round(static_cast<int>(pause / 1000));
    Progress("traffic");
  }
  traffic.Stop();
  meter_.Sample();
  const Snapshot to = Now();
  report_.seconds = std::max(1e-6, static_cast<double>(to.at - from.at) / kSecond);
  report_.acknowledged = to.acknowledged - from.acknowledged;
  report_.deliveries = to.deliveries - from.deliveries;
  report_.own_cpu_us = to.own_cpu_us - from.own_cpu_us;
  report_.processes = meter_.Use();
  report_.passed_over = traffic.passed_over();
}

void Run::Drain() {
  Announce("drain");
  Micros next_look = 0;
  const auto done = [&] {
    if (NowUs() < next_look || fleet_.unfinished() > 0) return false;
    next_look = NowUs() + kSecond / 2;
    return fleet_.ledger().Outstanding() == 0;
  };
  RoundsUntil(options_.drain_seconds, "drain", done);
  RoundsUntil(kAfterDrainSeconds, "drain", [] { return false; });
}

void Run::ReadHistory() {
  if (options_.plain) return;
  Announce("history");
  HistoryReading reading(fleet_);
  report_.history_read = RoundsUntil(std::max(30.0, options_.drain_seconds), "history",
                                     [&] { return reading.Advance(NowMs()) == 0; });
  report_.history_rows = reading.rows();
}

void Run::Conclude() {
  report_.run = fleet_.run();
  report_.options = &options_;
  report_.counters = fleet_.counters();
  report_.unacknowledged = fleet_.unfinished();
  report_.delivery = fleet_.delivery_latency();
  report_.acknowledgement = fleet_.acknowledgement_latency();
  report_.verdict = fleet_.ledger().Judge();
}

void Run::LoadAccounts() {
  if (options_.accounts.empty()) return;
  std::ifstream file(options_.accounts);
  const auto json = nlohmann::json::parse(file, nullptr, false);
  if (!json.is_object()) return;
  for (const auto& one : json.value("accounts", nlohmann::json::array())) {
    accounts_.push_back({one.value("phone", ""), one.value("phone_id", ""),
                         one.value("client_id", ""), one.value("token", "")});
  }
  for (const auto& pair : json.value("friends", nlohmann::json::array())) {
    known_friendships_.emplace_back(pair.at(0).get<uint32_t>(), pair.at(1).get<uint32_t>());
  }
}

absl::Status Run::SaveAccounts() {
  if (options_.accounts.empty()) return absl::OkStatus();
  nlohmann::json json;
  for (const Account& one : accounts_) {
    json["accounts"].push_back({{"phone", one.phone},
                                {"phone_id", one.phone_id},
                                {"client_id", one.client_id},
                                {"token", one.token}});
  }
  for (const auto& [first, second] : known_friendships_) {
    json["friends"].push_back({first, second});
  }
  std::ofstream file(options_.accounts);
  file << json.dump(1) << "\n";
  file.close();
  return file ? absl::OkStatus()
              : absl::UnavailableError(options_.accounts + ": cannot be written");
}

absl::Status Run::WriteAcknowledged() const {
  if (options_.acknowledged.empty()) return absl::OkStatus();
  const Ledger& ledger = fleet_.ledger();
  std::ofstream file(options_.acknowledged);
  for (uint32_t feed = 0; feed < ledger.feeds(); ++feed) {
    for (uint32_t number = 0; number < ledger.SendsOf(feed); ++number) {
      const SendId send{feed, number};
      if (!ledger.IsAcknowledged(send)) continue;
      file << MessageId(fleet_.run(), send) << " " << ledger.IdOf(send) << "\n";
    }
  }
  file.close();
  return file ? absl::OkStatus()
              : absl::UnavailableError(options_.acknowledged + ": cannot be written");
}

Run::Snapshot Run::Now() const {
  const Counters& counters = fleet_.counters();
  return {counters.acknowledged, counters.deliveries, OwnCpuUs(), NowUs()};
}

void Run::Progress(const char* phase) {
  const Micros now = NowUs();
  if (now < last_progress_.at + kSecond) return;
  const Snapshot snapshot = Now();
  const double seconds = static_cast<double>(now - last_progress_.at) / kSecond;
  const auto rate = [&](uint64_t to, uint64_t from) {
    return last_progress_.at == 0 ? 0.0 : static_cast<double>(to - from) / seconds;
  };
  std::printf(
      "%7.1f s  %-8s acknowledged %llu (%.0f/s)  deliveries %llu (%.0f/s)  up %zu/%u  "
      "unfinished %zu  p50 %.1f ms  p99 %.1f ms\n",
      static_cast<double>(now - began_) / kSecond, phase,
      static_cast<unsigned long long>(snapshot.acknowledged),
      rate(snapshot.acknowledged, last_progress_.acknowledged),
      static_cast<unsigned long long>(snapshot.deliveries),
      rate(snapshot.deliveries, last_progress_.deliveries), fleet_.ready(), options_.devices,
      fleet_.unfinished(), static_cast<double>(fleet_.delivery_latency().Quantile(0.5)) / 1000,
      static_cast<double>(fleet_.delivery_latency().Quantile(0.99)) / 1000);
  std::fflush(stdout);
  last_progress_ = snapshot;
}

}  // namespace chat::load
