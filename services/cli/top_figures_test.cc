#include "services/cli/top_figures.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace chat::cli {
namespace {

using ::testing::DoubleEq;
using ::testing::HasSubstr;
using ::testing::Optional;

std::string Messaging(int ok, int failed, int refused, int commits, int sends, int start = 100) {
  auto text = [](int value) { return std::to_string(value); };
  return "# HELP chat_rpc_server_seconds Time.\n# TYPE chat_rpc_server_seconds histogram\n"
         "chat_rpc_server_seconds_count{code=\"OK\",method=\"A/b\"} " +
         text(ok) + "\nchat_rpc_server_seconds_count{code=\"UNAVAILABLE\",method=\"A/b\"} " +
         text(failed) + "\nchat_rpc_server_seconds_count{code=\"not_found\",method=\"A/b\"} " +
         text(refused) + "\nchat_messaging_batch_size_sum " + text(sends) +
         "\nchat_messaging_batch_size_count " + text(commits) +
         "\nchat_messaging_commit_seconds_bucket{le=\"0.01\"} " + text(commits / 2) +
         "\nchat_messaging_commit_seconds_bucket{le=\"0.02\"} " + text(commits) +
         "\nchat_messaging_commit_seconds_bucket{le=\"+Inf\"} " + text(commits) +
         "\nchat_messaging_queue 3\nprocess_cpu_seconds_total " + text(ok / 100) +
         "\nprocess_start_time_seconds " + text(start) + "\nchat_build_info{version=\"1.2.3\"} 1\n";
}

std::vector<Look> Looks(const std::string& text) { return {{"messaging-1", MetricsPage(text)}}; }

TEST(MetricsPageTest, LabelsAreUnescapedAndOtherLinesLeftOut) {
  MetricsPage page(
      "# HELP a b\na{x=\"1\",y=\"q\\\"\\\\\\n\"} 2.5e3\n\nnonsense\nb{x=\"1\" 3\nc 4 1700000000\n");
  ASSERT_EQ(page.samples().size(), 2u);
  EXPECT_EQ(page.samples()[0].labels.at("y"), "q\"\\\n");
  EXPECT_EQ(page.Sum("a"), 2500);
  EXPECT_EQ(page.Sum("c"), 4);
  EXPECT_FALSE(page.Has("b"));
}

TEST(TopFiguresTest, RatesAreWhatRoseBetweenTwoLooks) {
  ClusterFigures figures =
      Figures(Looks(Messaging(100, 0, 0, 10, 10)), Looks(Messaging(300, 4, 6, 30, 90)), 2);
  ASSERT_EQ(figures.processes.size(), 1u);
  const ProcessFigures& row = figures.processes[0];
  EXPECT_TRUE(row.up);
  EXPECT_EQ(row.version, "1.2.3");
  EXPECT_EQ(row.calls, 105);
  EXPECT_EQ(row.failures, 2) << "a refusal is an answer";
  EXPECT_EQ(row.cpu_percent, 100);
  EXPECT_EQ(figures.sends, 40);
  EXPECT_THAT(figures.sends_per_commit, Optional(DoubleEq(4)));
  EXPECT_THAT(figures.commit_p50_ms, Optional(DoubleEq(10)));
}

TEST(TopFiguresTest, AProcessThatStartedAnewCountsFromItsStart) {
  ClusterFigures figures =
      Figures(Looks(Messaging(1000, 0, 0, 10, 10)), Looks(Messaging(50, 0, 0, 10, 10, 200)), 1);
  EXPECT_EQ(figures.processes[0].calls, 50);
}

TEST(TopFiguresTest, AProcessThatDoesNotAnswerIsSaidToBeDown) {
  ClusterFigures figures = Figures({{"auth-1", {}}}, {{"auth-1", {}}}, 1);
  EXPECT_FALSE(figures.processes[0].up);
  EXPECT_THAT(ToTable(figures), HasSubstr("auth-1         DOWN"));
  EXPECT_EQ(nlohmann::json::parse(ToJson(figures))["processes"][0]["up"], false);
}

TEST(TopFiguresTest, WithoutCallsThereIsNoLatency) {
  const auto same = Looks(Messaging(5, 0, 0, 2, 2));
  ClusterFigures figures = Figures(same, same, 1);
  EXPECT_FALSE(figures.commit_p99_ms);
  EXPECT_TRUE(nlohmann::json::parse(ToJson(figures))["commit_p99_ms"].is_null());
}

TEST(TopFiguresTest, AQuantileAboveTheLastBoundIsThatBound) {
  MetricsPage page("h_bucket{le=\"1\"} 1\nh_bucket{le=\"+Inf\"} 10\n");
  EXPECT_THAT(Quantile(0.99, "h", {}, {&page}), Optional(DoubleEq(1)));
}

TEST(TopFiguresTest, TheTableShowsProcessesAndTheCluster) {
  std::string table =
      ToTable(Figures(Looks(Messaging(0, 0, 0, 0, 0)), Looks(Messaging(30'000, 0, 0, 10, 10)), 1));
  EXPECT_THAT(table, HasSubstr("sends/s 10"));
  EXPECT_THAT(table, HasSubstr("30k"));
  EXPECT_THAT(table, HasSubstr("3 waiting"));
}

}  // namespace
}  // namespace chat::cli
