#include "tests/load/report.h"

#include <cstdio>
#include <nlohmann/json.hpp>

namespace chat::load {

namespace {

using Json = nlohmann::ordered_json;

template <typename... Values>
std::string Format(const char* format, Values... values) {
  char line[512];
  std::snprintf(line, sizeof(line), format, values...);
  return line;
}

double Ms(int64_t micros) { return static_cast<double>(micros) / 1000; }

std::string LatencyLine(const char* name, const Latency& latency) {
  return Format("%-18s %10.2f %10.2f %10.2f %10.2f %10.2f\n", name, Ms(latency.Quantile(0.5)),
                Ms(latency.Quantile(0.9)), Ms(latency.Quantile(0.99)), Ms(latency.Quantile(0.999)),
                Ms(latency.max()));
}

Json LatencyJson(const Latency& latency) {
  return {{"count", latency.count()},         {"p50", latency.Quantile(0.5)},
          {"p90", latency.Quantile(0.9)},     {"p99", latency.Quantile(0.99)},
          {"p99_9", latency.Quantile(0.999)}, {"max", latency.max()}};
}

double Mean(uint64_t sum, uint64_t count) {
  return count == 0 ? 0 : static_cast<double>(sum) / static_cast<double>(count);
}

std::string Counted(const char* title, const std::map<std::string, uint64_t>& counts) {
  std::string text;
  for (const auto& [name, count] : counts) {
    text +=
        Format("%-18s %10llu  %s\n", title, static_cast<unsigned long long>(count), name.c_str());
  }
  return text;
}

// The verdict's figures by name, in the order of the table.
std::vector<std::pair<const char*, uint64_t>> Figures(const Verdict& verdict) {
  return {{"lost", verdict.lost},
          {"duplicated", verdict.duplicated},
          {"disordered", verdict.disordered},
          {"history_missing", verdict.history_missing},
          {"history_wrong", verdict.history_wrong},
          {"repeated_old", verdict.repeated_old},
          {"repeated", verdict.repeated},
          {"repeated_unmarked", verdict.repeated_unmarked},
          {"overtaken", verdict.overtaken},
          {"excused", verdict.excused}};
}

}  // namespace

std::string ToTable(const Report& report) {
  const auto whole = [](uint64_t number) { return static_cast<unsigned long long>(number); };
  std::string text =
      Format("\nmeasured %.1f s: %.0f acknowledged/s, %.0f deliveries/s\n", report.seconds,
             static_cast<double>(report.acknowledged) / report.seconds,
             static_cast<double>(report.deliveries) / report.seconds);
  text += Format("\n%-18s %10s %10s %10s %10s %10s\n", "latency, ms", "p50", "p90", "p99", "p99.9",
                 "max");
  text += LatencyLine("send to delivery", report.delivery);
  text += LatencyLine("send to ack", report.acknowledgement);
  if (!report.processes.empty()) {
    text += Format("\n%-18s %10s %10s %10s %8s\n", "process", "us/message", "MiB", "most MiB",
                   "starts");
  }
  uint64_t sum = 0;
  for (const ProcessUse& use : report.processes) {
    sum += use.cpu_us;
    text +=
        Format("%-18s %10.1f %10.1f %10.1f %8u\n", use.name.c_str(),
               Mean(use.cpu_us, report.acknowledged), static_cast<double>(use.memory_kib) / 1024,
               static_cast<double>(use.most_memory_kib) / 1024, use.starts);
  }
  if (!report.processes.empty()) {
    text += Format("%-18s %10.1f\n", "all of these", Mean(sum, report.acknowledged));
  }
  text += Format("%-18s %10.1f\n\n", "chat-load", Mean(report.own_cpu_us, report.acknowledged));
  text += Format(
      "written %llu, acknowledged %llu, deliveries %llu, edits %llu, typing %llu, "
      "passed over %llu\n",
      whole(report.counters.written), whole(report.counters.acknowledged),
      whole(report.counters.deliveries), whole(report.counters.edits),
      whole(report.counters.typing), whole(report.passed_over));
  text += Format("connections %llu, sessions lost %llu, rows of History %llu\n",
                 whole(report.counters.connections), whole(report.counters.sessions_lost),
                 whole(report.history_rows));
  text += Format("a PUBLISH of a message has %.0f bytes when written, %.0f when delivered\n",
                 Mean(report.counters.written_bytes, report.counters.written),
                 Mean(report.counters.delivered_bytes, report.counters.deliveries));
  text += Counted("error reply", report.counters.refusals);
  text += Counted("connection ended", report.counters.ends);
  text += Counted("attempt failed", report.counters.attempts_failed);
  text += "\n";
  for (const auto& [name, value] : Figures(report.verdict)) {
    text += Format("%-18s %10llu\n", name, whole(value));
  }
  if (report.unacknowledged > 0) {
    text += Format("%-18s %10llu\n", "unacknowledged", whole(report.unacknowledged));
  }
  if (report.HistoryIsMissing()) text += "History was not read to its end\n";
  for (const std::string& note : report.verdict.notes) text += "  " + note + "\n";
  return text + (report.Kept() ? "the promise was kept\n" : "THE PROMISE WAS BROKEN\n");
}

std::string ToJson(const Report& report) {
  Json json;
  json["run"] = report.run;
  json["kept"] = report.Kept();
  json["seconds"] = report.seconds;
  json["devices"] = report.options->devices;
  json["acknowledged_per_second"] = static_cast<double>(report.acknowledged) / report.seconds;
  json["deliveries_per_second"] = static_cast<double>(report.deliveries) / report.seconds;
  json["delivery_latency_us"] = LatencyJson(report.delivery);
  json["acknowledgement_latency_us"] = LatencyJson(report.acknowledgement);
  for (const ProcessUse& use : report.processes) {
    json["processes"][use.name] = {{"cpu_us", use.cpu_us},
                                   {"cpu_us_per_message", Mean(use.cpu_us, report.acknowledged)},
                                   {"memory_kib", use.memory_kib},
                                   {"most_memory_kib", use.most_memory_kib},
                                   {"starts", use.starts}};
  }
  json["publish_bytes"] = {
      {"written", Mean(report.counters.written_bytes, report.counters.written)},
      {"delivered", Mean(report.counters.delivered_bytes, report.counters.deliveries)}};
  json["own_cpu_us_per_message"] = Mean(report.own_cpu_us, report.acknowledged);
  const Counters& counters = report.counters;
  json["totals"] = {{"written", counters.written},
                    {"acknowledged", counters.acknowledged},
                    {"deliveries", counters.deliveries},
                    {"edits", counters.edits},
                    {"typing", counters.typing},
                    {"passed_over", report.passed_over},
                    {"unacknowledged", report.unacknowledged},
                    {"history_rows", report.history_rows},
                    {"history_read", report.history_read},
                    {"connections", counters.connections},
                    {"sessions_lost", counters.sessions_lost},
                    {"error_replies", counters.refusals},
                    {"connections_ended", counters.ends},
                    {"attempts_failed", counters.attempts_failed}};
  for (const auto& [name, value] : Figures(report.verdict)) json["ledger"][name] = value;
  json["notes"] = report.verdict.notes;
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace chat::load
