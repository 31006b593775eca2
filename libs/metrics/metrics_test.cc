#include "libs/metrics/metrics.h"
#include "libs/metrics/stages.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

namespace chat::metrics {
namespace {

using ::testing::ContainsRegex;
using ::testing::HasSubstr;

int Connected(const char* host, int port) {
  int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  inet_pton(AF_INET, host, &address.sin_addr);
  if (::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0) return fd;
  ::close(fd);
  return -1;
}

std::string Scrape(int port) {
  int fd = Connected("127.0.0.1", port);
  if (fd < 0) return "";
  std::string request = "GET /metrics HTTP/1.0\r\n\r\n";
  if (::write(fd, request.data(), request.size()) < 0) return "";
  std::string answer;
  char buffer[4096];
  for (ssize_t n; (n = ::read(fd, buffer, sizeof buffer)) > 0;) answer.append(buffer, n);
  ::close(fd);
  return answer;
}

TEST(MetricsTest, AMetricOfTheSameNameAndLabelsIsTheSame) {
  auto& a = Counter("chat_test_total", "Test.", {{"kind", "a"}});
  EXPECT_EQ(&a, &Counter("chat_test_total", "Test.", {{"kind", "a"}}));
  EXPECT_NE(&a, &Counter("chat_test_total", "Test.", {{"kind", "b"}}));
}

TEST(MetricsTest, AScrapeShowsOurFiguresAndThoseOfTheProcess) {
  Counter("chat_shown_total", "Shown.", {{"kind", "x"}}).Increment(3);
  Gauge("chat_level", "Level.").Set(2);
  Histogram("chat_time_seconds", "Time.", TimeBuckets()).Observe(0.2);
  double asked = 6;
  Observe("chat_asked", "Asked for.", [&asked] { return ++asked; });
  Exposer exposer("127.0.0.1:0");
  ASSERT_TRUE(exposer.ok());
  ASSERT_GT(exposer.port(), 0);
  std::string page = Scrape(exposer.port());
  EXPECT_THAT(page, HasSubstr("chat_shown_total{kind=\"x\"} 3"));
  EXPECT_THAT(page, HasSubstr("chat_level 2"));
  EXPECT_THAT(page, HasSubstr("chat_asked 7"));
  EXPECT_THAT(page, HasSubstr("chat_time_seconds_bucket{le=\"0.25\"} 1"));
  EXPECT_THAT(page, HasSubstr("chat_build_info{version=\"" CHAT_VERSION "\"} 1"));
  EXPECT_THAT(page, ContainsRegex("process_resident_memory_bytes [1-9]"));
  EXPECT_THAT(page, ContainsRegex("process_open_fds [1-9]"));
  EXPECT_THAT(page, ContainsRegex("process_threads [1-9]"));
  EXPECT_THAT(page, ContainsRegex("process_start_time_seconds [1-9]"));
  EXPECT_THAT(page, HasSubstr("# TYPE process_cpu_seconds_total counter"));
}

TEST(MetricsTest, AStageCountsWhatIsLiveAndNothingOlder) {
  prometheus::Histogram& stage = MessageStage("test");
  auto count = [&] { return stage.Collect().histogram.sample_count; };
  const int64_t now = std::chrono::duration_cast<std::chrono::milliseconds>(
                          std::chrono::system_clock::now().time_since_epoch())
                          .count();
  ObserveSince(stage, 0);
  ObserveSince(stage, now - 120'000);
  EXPECT_EQ(count(), 0u);
  ObserveSince(stage, now - 2000);
  ObserveSince(stage, now + 5000);  // its clock is ahead of ours
  EXPECT_EQ(count(), 2u);
  EXPECT_GE(stage.Collect().histogram.sample_sum, 2);
  EXPECT_LT(stage.Collect().histogram.sample_sum, 60);
}

TEST(MetricsTest, TheExposerListensOnTheGivenHostOnly) {
  Exposer exposer("127.0.0.2:0");
  ASSERT_TRUE(exposer.ok());
  int there = Connected("127.0.0.2", exposer.port());
  EXPECT_GE(there, 0);
  ::close(there);
  EXPECT_LT(Connected("127.0.0.1", exposer.port()), 0);
}

TEST(MetricsTest, ATakenOrWrongAddressIsNotOk) {
  Exposer first("127.0.0.1:0");
  ASSERT_TRUE(first.ok());
  EXPECT_FALSE(Exposer("127.0.0.1:" + std::to_string(first.port())).ok());
  for (const char* listen : {"", "9100", ":9100", "127.0.0.1", "127.0.0.1:", "127.0.0.1:x",
                             "127.0.0.1:70000", "nowhere.invalid:0", "127.0.0.1:0,0"}) {
    EXPECT_FALSE(Exposer(listen).ok()) << listen;
  }
}

}  // namespace
}  // namespace chat::metrics
