#include "telemetry/access_log.hpp"
#include "tests/telemetry/temporary_pipe.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <sys/socket.h>
#include <thread>
#include <vector>

namespace synapse::telemetry {
namespace {

using test::lines_of;
using test::temporary_pipe;
using testing::HasSubstr;

access_record sample() {
  return {.unix_ns = 1'795'238'400'123'456'789,
          .id = "0af7651916cd43dd8448eb211c80319c",
          .client = "127.0.0.1",
          .method = "POST",
          .path = "/v1/chat/completions",
          .status = 200,
          .route = "/v1/chat/completions",
          .backend = "llama-router",
          .attempts = 1,
          .detail = "via_upstream",
          .duration_ns = 1'234'567,
          .overhead_ns = 81'999,
          .first_byte_ns = 900'000,
          .bytes_in = 512,
          .bytes_out = 18'446'744'073'709'551'615u,
          .stream = "complete"};
}

std::string written(const access_record& record) {
  temporary_pipe pipe;
  access_log_output output(pipe.writer());
  access_log log(output);
  log.write(record);
  log.flush();
  return pipe.read_all();
}

/// Splits logfmt strictly: `key=value` with a bare or a quoted value, one blank in between.
std::map<std::string, std::string> fields(const std::string& text) {
  std::map<std::string, std::string> result;
  auto lines = lines_of(text);
  EXPECT_EQ(lines.size(), 1u) << text;
  std::string_view rest = lines.at(0);
  while (!rest.empty()) {
    auto equals = rest.find('=');
    std::string key(rest.substr(0, equals)), value;
    rest.remove_prefix(equals + 1);
    if (rest.starts_with('"')) {
      rest.remove_prefix(1);
      while (!rest.empty() && rest.front() != '"') {
        value += rest.front();
        auto step = rest.front() == '\\' ? 2u : 1u;
        if (step == 2)
          value += rest.at(1);
        rest.remove_prefix(step);
      }
      EXPECT_TRUE(rest.starts_with('"')) << text;
      rest.remove_prefix(1);
    } else {
      value = rest.substr(0, rest.find(' '));
      rest.remove_prefix(value.size());
    }
    EXPECT_TRUE(result.emplace(key, value).second) << "field twice: " << key;
    EXPECT_TRUE(rest.empty() || rest.starts_with(' ')) << text;
    rest.remove_prefix(rest.empty() ? 0 : 1);
  }
  return result;
}

TEST(access_log, writes_the_documented_line) {
  EXPECT_EQ(written(sample()),
            "ts=2026-11-21T05:20:00.123Z level=info id=0af7651916cd43dd8448eb211c80319c "
            "client=127.0.0.1 method=POST path=/v1/chat/completions status=200 "
            "route=/v1/chat/completions backend=llama-router attempts=1 detail=via_upstream "
            "dur_us=1234 overhead_us=81 ttfb_us=900 in=512 out=18446744073709551615 "
            "stream=complete\n");
}

TEST(access_log, marks_what_is_absent) {
  auto line = fields(written({.status = 499}));
  EXPECT_EQ(line.size(), 17u);
  for (auto key : {"id", "client", "method", "path", "route", "backend", "detail", "stream",
                   "dur_us", "overhead_us", "ttfb_us"})
    EXPECT_EQ(line[key], "-") << key;
  EXPECT_EQ(line["level"], "info") << "a client that leaves is no error";
  EXPECT_EQ(fields(written({.status = 404}))["level"], "warning");
  EXPECT_EQ(line["attempts"], "0");
  EXPECT_EQ(line["ts"].substr(0, 2), "20"); // the current time
  EXPECT_EQ(fields(written({.status = 502}))["level"], "error");
  EXPECT_THAT(written({.method = "-"}), HasSubstr("method=\"-\" ")); // a real one is told apart
}

TEST(access_log, never_writes_query_values) {
  auto record = sample();
  record.path = "/dashboard/login?access_token=canary1&x=canary2";
  EXPECT_EQ(fields(written(record))["path"], "/dashboard/login");
  record.path = "/a#canary1?canary2";
  EXPECT_EQ(fields(written(record))["path"], "/a");
}

TEST(access_log, nothing_from_outside_forges_a_field_or_a_line) {
  auto record = sample();
  record.id = "x status=200\nts=1970 level=info id=forged";
  record.client = "a\"b\\c";
  record.method = "GET\r\n\r\n";
  record.path = "/p status=200 \x1b[31m\xFF\xE2\x80\xA8";
  record.detail = "a=b";
  auto text = written(record);
  auto line = fields(text); // checks that there is one line and no field twice
  EXPECT_EQ(line.size(), 17u);
  EXPECT_EQ(line["id"], "x status=200\\nts=1970 level=info id=forged");
  EXPECT_EQ(line["client"], "a\\\"b\\\\c");
  EXPECT_EQ(line["method"], "GET\\r\\n\\r\\n");
  EXPECT_EQ(line["path"], "/p status=200 \\u001b[31m\\u00ff\\u2028");
  EXPECT_EQ(line["detail"], "a=b");
  EXPECT_EQ(line["status"], "200");
}

TEST(access_log, quotes_what_needs_it_wherever_it_stands) {
  for (int c = 0; c < 256; ++c) {
    const bool plain = c > 0x20 && c < 0x7F && c != '"' && c != '\\' && c != '=';
    for (std::size_t place = 0; place < 17; ++place) {
      auto record = sample();
      std::string id(17, 'm');
      id[place] = static_cast<char>(c);
      record.id = id;
      const auto line = written(record);
      EXPECT_EQ(line.find("id=\"") != std::string::npos, !plain) << c << " at " << place;
      EXPECT_EQ(line.find("id=" + id + " ") != std::string::npos, plain) << c << " at " << place;
    }
  }
}

TEST(access_log, cuts_long_texts_and_bounds_the_line) {
  auto record = sample();
  std::string longest(100'000, '\x01');
  record.path = record.id = record.client = record.method = record.route = record.backend =
      record.detail = record.stream = longest;
  auto line = fields(written(record));
  EXPECT_EQ(line["path"].size(), 256u * 6 + 3);
  EXPECT_TRUE(line["path"].ends_with("\\u0001..."));
  std::string path(300, 'p');
  record.path = path;
  EXPECT_EQ(fields(written(record))["path"], std::string(256, 'p') + "...");
}

TEST(access_log, follows_the_clock_from_second_to_second) {
  temporary_pipe pipe;
  access_log_output output(pipe.writer());
  access_log log(output);
  auto record = sample();
  for (std::int64_t ms : {0, 999, 1000, 500}) { // also backwards
    record.unix_ns = 1'795'238'400'000'000'000 + ms * 1'000'000;
    log.write(record);
  }
  log.flush();
  auto lines = lines_of(pipe.read_all());
  ASSERT_EQ(lines.size(), 4u);
  EXPECT_THAT(lines[0], HasSubstr("ts=2026-11-21T05:20:00.000Z "));
  EXPECT_THAT(lines[1], HasSubstr("ts=2026-11-21T05:20:00.999Z "));
  EXPECT_THAT(lines[2], HasSubstr("ts=2026-11-21T05:20:01.000Z "));
  EXPECT_THAT(lines[3], HasSubstr("ts=2026-11-21T05:20:00.500Z "));
}

TEST(access_log, buffers_until_32_kib_or_flush) {
  temporary_pipe pipe;
  access_log_output output(pipe.writer());
  access_log log(output);
  auto size = written(sample()).size();
  auto fitting = access_log::flush_bytes / size;
  for (std::size_t i = 0; i < fitting; ++i)
    log.write(sample());
  EXPECT_EQ(pipe.read_all(), "");
  log.write(sample());
  EXPECT_EQ(lines_of(pipe.read_all()).size(), fitting + 1);
  log.write(sample());
  log.flush();
  EXPECT_EQ(lines_of(pipe.read_all()).size(), 1u);
  EXPECT_EQ(output.dropped_lines(), 0u);
}

TEST(access_log, writes_the_rest_at_its_end) {
  temporary_pipe pipe;
  access_log_output output(pipe.writer());
  { access_log(output).write(sample()); }
  EXPECT_EQ(lines_of(pipe.read_all()).size(), 1u);
}

TEST(access_log, a_reader_that_stalls_costs_lines_not_time) {
  temporary_pipe pipe;
  auto capacity = pipe.shrink();
  ASSERT_LT(capacity, access_log::flush_bytes);
  access_log_output output(pipe.writer());
  access_log log(output);
  access_log other(output);
  constexpr std::size_t count = 2000;
  for (std::size_t i = 0; i < count; ++i)
    log.write(sample()); // returns though nobody reads
  EXPECT_GT(output.dropped_lines(), 0u);
  std::string text = pipe.read_all();
  EXPECT_LE(text.size(), capacity);
  EXPECT_FALSE(text.ends_with('\n')); // a line was cut where the pipe was full
  other.write(sample());
  other.flush(); // must complete the cut line first
  text += pipe.read_all();
  for (int i = 0; i < 50; ++i) {
    log.flush();
    text += pipe.read_all();
  }
  auto lines = lines_of(text);
  for (const auto& line : lines)
    EXPECT_EQ(line + "\n", written(sample()));
  EXPECT_EQ(lines.size() + output.dropped_lines(), count + 1);
}

TEST(access_log, a_closed_output_is_counted) {
  temporary_pipe pipe;
  access_log_output output(pipe.writer());
  access_log log(output);
  pipe.close_reader();
  log.write(sample());
  log.write(sample());
  log.flush();
  EXPECT_EQ(output.dropped_lines(), 2u);
}

TEST(access_log, a_full_disk_is_counted) {
  int fd = ::open("/dev/full", O_WRONLY | O_CLOEXEC);
  ASSERT_GE(fd, 0);
  access_log_output output(fd);
  {
    access_log log(output);
    log.write(sample());
    log.flush();
    EXPECT_EQ(output.dropped_lines(), 1u);
  }
  EXPECT_EQ(output.dropped_lines(), 1u);
  ::close(fd);
}

TEST(access_log, writes_to_sockets_without_waiting) {
  int ends[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
  {
    access_log_output output(ends[0]);
    access_log log(output);
    for (int i = 0; i < 5000; ++i)
      log.write(sample()); // more than a socket holds
    EXPECT_GT(output.dropped_lines(), 0u);
    char first[64];
    ASSERT_EQ(::recv(ends[1], first, sizeof first, 0), 64);
    EXPECT_EQ(std::string(first, 27), "ts=2026-11-21T05:20:00.123Z");
    ::close(ends[1]);
  }
  ::close(ends[0]);
}

TEST(access_log, appends_to_files) {
  std::string path = testing::TempDir() + "access_log_test_" + std::to_string(::getpid());
  int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  ASSERT_GE(fd, 0);
  ::unlink(path.c_str());
  ASSERT_EQ(::write(fd, "before\n", 7), 7);
  access_log_output output(fd);
  { access_log(output).write(sample()); }
  char text[1024];
  auto size = ::pread(fd, text, sizeof text, 0);
  EXPECT_EQ(std::string(text, static_cast<std::size_t>(size)), "before\n" + written(sample()));
  ::close(fd);
}

TEST(access_log, lines_of_several_threads_stay_whole) {
  temporary_pipe pipe;
  pipe.shrink();
  access_log_output output(pipe.writer());
  constexpr int per_thread = 3000;
  std::vector<std::thread> threads;
  threads.reserve(3);
  for (int t = 0; t < 3; ++t)
    threads.emplace_back([&, t] {
      access_log log(output);
      auto record = sample();
      record.attempts = static_cast<unsigned>(t);
      for (int i = 0; i < per_thread; ++i) {
        log.write(record);
        if (i % 50 == 0)
          log.flush();
      }
    });
  std::string text;
  std::thread reader([&] {
    char buffer[1000];
    for (ssize_t n; (n = ::read(pipe.reader(), buffer, sizeof buffer)) > 0;) {
      text.append(buffer, static_cast<std::size_t>(n));
      if (text.ends_with("end\n"))
        break;
    }
  });
  for (auto& thread : threads)
    thread.join();
  while (output.write("end\n") == 0)
    output.wait(1000);
  reader.join();
  auto lines = lines_of(text);
  lines.pop_back();
  auto expected = written(sample());
  for (auto& line : lines) {
    auto at = line.find("attempts=") + 9;
    ASSERT_LT(at, line.size());
    line[at] = '1';
    ASSERT_EQ(line + "\n", expected);
  }
  EXPECT_EQ(lines.size() + output.dropped_lines(), 3u * per_thread);
}

} // namespace
} // namespace synapse::telemetry
