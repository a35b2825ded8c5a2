// Forms with recordings on their way to a backend: what arrives there, when, and what never does.
#include "tests/audio/audio_bed.hpp"

#include <array>
#include <atomic>
#include <condition_variable>
#include <thread>

namespace synapse::audio {
namespace {

constexpr const char* diarization =
    R"({"num_speakers":1,"segments":[{"speaker":"SPEAKER_00","start":0.0,"end":1.0}],"duration":1.0})";

std::string all_to(const scripted_upstream& upstream, std::string_view top = {}) {
  return config_with(backend("whisper-stt", upstream.url(), "type: faster-whisper") +
                         backend("pyannote-speaker", upstream.url(), "type: pyannote") +
                         backend("deepfilter-audio", upstream.url(), "type: deepfilter"),
                     top);
}

struct uploads : testing::Test {
  scripted_upstream upstream{
      answer_each([](const upstream_request&) { return answer_bytes(200, diarization); })};
};

TEST_F(uploads, reach_the_backend_whole_in_the_gateways_own_words) {
  gateway_process gateway{all_to(upstream)};
  const auto sound = wav(100'000);
  const auto form = form_field("num_speakers", "2") + form_file(sound, "a %22b%22.wav") +
                    form_field("nobody", "knows this") + form_field("max_speakers", "3") +
                    end_of_form;
  const auto reply = gateway.post(
      "/speakers/diarize", form,
      form_type + "Authorization: Bearer key\r\nX-Request-Id: mine\r\nRange: bytes=0-1\r\n"
                  "X-Custom: not for the backend\r\nUser-Agent: tester\r\n");
  ASSERT_TRUE(reply.ok()) << reply.body;
  EXPECT_EQ(reply.body, diarization);
  EXPECT_EQ(reply.field("Content-Type"), "application/json");
  EXPECT_EQ(reply.field("X-Request-Id"), "mine");
  const auto seen = upstream.seen();
  ASSERT_EQ(seen.size(), 1U);
  EXPECT_EQ(seen[0].method, "POST");
  EXPECT_EQ(seen[0].target, "/diarize");
  EXPECT_TRUE(seen[0].chunked);
  EXPECT_EQ(seen[0].field("Authorization"), "Bearer key");
  EXPECT_EQ(seen[0].field("X-Request-Id"), "mine");
  EXPECT_EQ(seen[0].field("User-Agent"), "tester");
  EXPECT_EQ(seen[0].count("Range") + seen[0].count("X-Custom"), 0U);
  const auto parts = parts_of(seen[0]);
  ASSERT_EQ(parts.size(), 3U);
  EXPECT_EQ(parts[0].first, "file;a %22b%22.wav");
  EXPECT_TRUE(parts[0].second == sound);
  EXPECT_EQ(parts[1], (std::pair<std::string, std::string>{"num_speakers", "2"}));
  EXPECT_EQ(parts[2], (std::pair<std::string, std::string>{"max_speakers", "3"}));
}

TEST_F(uploads, arrive_alike_in_whatever_pieces_they_come) {
  gateway_process gateway{all_to(upstream)};
  const auto sound = wav(3000, '\r'); // looks like the beginning of a delimiter, again and again
  const auto form = form_file(sound, "a.wav", "file1") +
                    form_file(sound + "\r\n--", "b.wav", "file2") + end_of_form;
  for (const std::size_t size : {1U, 7U, 100U, 4096U}) {
    auto client = gateway.connect();
    client.send(
        "POST /speakers/verify HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n" +
        form_type + "\r\n");
    for (std::size_t at = 0; at < form.size(); at += size)
      client.send(chunk(form.substr(at, size)));
    client.send(chunk({}) + request_bytes("GET", "/livez"));
    EXPECT_EQ(client.read_reply().status, 200U) << size;
    EXPECT_TRUE(client.read_reply().ok()) << "the connection goes on";
    const auto parts = parts_of(upstream.seen().back());
    ASSERT_EQ(parts.size(), 2U) << size;
    EXPECT_EQ(parts[0].first, "file1;a.wav");
    EXPECT_TRUE(parts[0].second == sound) << size;
    EXPECT_TRUE(parts[1].second == sound + "\r\n--") << size;
  }
}

TEST_F(uploads, are_seen_by_the_backend_before_the_client_has_sent_the_last_byte) {
  std::atomic<std::size_t> received{0};
  upstream.set_script([&](upstream_connection& connection) {
    connection.read_head();
    std::string all;
    while (all.find("\r\n0\r\n\r\n") == std::string::npos) {
      const auto some = connection.read_some();
      if (some.empty())
        return;
      all += some;
      received = all.size();
    }
    connection.reply(200, diarization);
  });
  gateway_process gateway{all_to(upstream)};
  auto client = gateway.connect();
  const auto request =
      request_bytes("POST", "/speakers/diarize", form_of({}, wav(300'000)), form_type);
  client.send(request.substr(0, 100'000));
  EXPECT_TRUE(wait_until([&] { return received > 90'000; })) << received;
  client.send(request.substr(100'000));
  EXPECT_TRUE(client.read_reply().ok());
}

TEST_F(uploads, of_bad_forms_are_refused_by_the_field_at_fault) {
  gateway_process gateway{all_to(upstream)};
  const auto sound = wav(1000);
  const std::string text = "This is no recording at all, it is a text.";
  const struct {
    const char* what;
    const char* path;
    std::string form;
    unsigned status;
    std::string says;
  } cases[] = {
      {"no file", "/speakers/diarize", form_field("num_speakers", "2") + end_of_form, 422,
       R"(["body","file"])"},
      {"empty form", "/stt/transcribe", end_of_form, 422, R"(["body","file"])"},
      {"misspelt", "/stt/transcribe", form_file(sound, "a.wav", "audio") + end_of_form, 422,
       R"(["body","file"])"},
      {"second file missing", "/speakers/verify", form_file(sound, "a.wav", "file1") + end_of_form,
       422, R"(["body","file2"])"},
      {"file twice", "/stt/transcribe", form_file(sound) + form_file(sound) + end_of_form, 422,
       R"(["body","file"])"},
      {"a file too many", "/stt/transcribe",
       form_file(sound) + form_file(sound, "a.wav", "more") + end_of_form, 422,
       R"(["body","more"])"},
      {"file as text", "/stt/transcribe", form_field("file", "x") + end_of_form, 422,
       R"(["body","file"])"},
      {"text as file", "/stt/transcribe",
       form_file("en", "a.wav", "language") + form_file(sound) + end_of_form, 422,
       R"(["body","language"])"},
      {"empty file", "/stt/transcribe", form_of({}, ""), 400, "file: a.wav: it is empty"},
      {"a text", "/stt/transcribe", form_of({}, text), 400, "file: a.wav: not a recording"},
      {"a short text", "/audio/denoise", form_of({}, "hi"), 400, "file: a.wav: not a recording"},
      {"lying header", "/audio/convert", form_of({}, wav(100).replace(22, 2, 2, '\0')), 400,
       "file: a.wav: the number of channels is zero"},
      {"empty file of lines", "/stt/transcribe", form_file("", "a%0Ab%0D%0A.wav") + end_of_form,
       400, "file: a b  .wav: it is empty"},
      {"empty file called file", "/stt/transcribe", form_file("", "file") + end_of_form, 400,
       R"("file: it is empty")"},
      {"empty file of no name", "/stt/transcribe", form_file("", "") + end_of_form, 400,
       R"("file: it is empty")"},
      {"cut off in the header", "/stt/transcribe", form_of({}, sound.substr(0, 30)), 400,
       "file: a.wav: the file ends within its header"},
      {"second is none", "/speakers/verify",
       form_file(sound, "a.wav", "file1") + form_file(text, "b.wav", "file2") + end_of_form, 400,
       "file2: b.wav: not a recording"},
      {"unknown language", "/stt/transcribe", form_of(form_field("language", "xx"), sound), 422,
       R"(["body","language"])"},
      {"unknown language behind", "/stt/transcribe",
       form_of({}, sound, form_field("language", "xx")), 422, R"(["body","language"])"},
      {"language twice", "/stt/transcribe",
       form_of(form_field("language", "en") + form_field("language", "en"), sound), 422,
       R"(["body","language"])"},
      {"no boolean", "/stt/transcribe", form_of(form_field("word_timestamps", "maybe"), sound), 422,
       R"(["body","word_timestamps"])"},
      {"no number", "/speakers/diarize", form_of(form_field("num_speakers", "two"), sound), 422,
       R"(["body","num_speakers"])"},
      {"no speaker", "/speakers/diarize", form_of(form_field("max_speakers", "0"), sound), 422,
       R"(["body","max_speakers"])"},
      {"contradiction", "/speakers/diarize",
       form_of(form_field("min_speakers", "3") + form_field("max_speakers", "2"), sound), 422,
       R"(["body","min_speakers"])"},
      {"unknown format", "/audio/convert", form_of(form_field("output_format", "aiff"), sound), 400,
       "output_format: has to be wav, mp3, flac or ogg"},
      {"unknown format behind", "/audio/convert",
       form_of({}, sound, form_field("output_format", "aiff")), 400,
       "output_format: has to be wav, mp3, flac or ogg"},
      {"sample rate", "/audio/convert", form_of(form_field("sample_rate", "1"), sound), 422,
       R"(["body","sample_rate"])"},
      {"bit rate", "/audio/convert", form_of(form_field("bitrate", "fast"), sound), 422,
       R"(["body","bitrate"])"},
      {"never closed", "/stt/transcribe", form_file(sound), 400, "closing delimiter"},
      {"bare LF", "/stt/transcribe", "--" + form_boundary + "\n\n", 400, "detail"},
      {"a very long field", "/stt/transcribe",
       form_of(form_field("language", std::string(100'000, 'x')), sound), 413, "language"},
  };
  for (const auto& one : cases) {
    const auto reply = post_form(gateway, one.path, one.form);
    EXPECT_EQ(reply.status, one.status) << one.what << ": " << reply.body;
    EXPECT_NE(reply.body.find(one.says), std::string::npos) << one.what << ": " << reply.body;
    EXPECT_TRUE(json::parse(reply.body, nullptr, false).contains("detail")) << one.what;
    EXPECT_TRUE(reply.complete()) << one.what;
  }
  EXPECT_EQ(gateway.post("/stt/transcribe", "{}", json_type).status, 415U);
  EXPECT_EQ(gateway.post("/stt/transcribe", "x", "Content-Type: multipart/form-data\r\n").status,
            400U);
  EXPECT_EQ(gateway.post("/stt/transcribe", "x", form_type + "Content-Encoding: gzip\r\n").status,
            415U);
  // None of them was a whole request for the backend, and none left a connection behind.
  EXPECT_EQ(upstream.requests(), 0U);
  EXPECT_TRUE(wait_until([&] { return upstream.open_connections() == 0; }));
  EXPECT_TRUE(post_form(gateway, "/stt/transcribe", form_of({}, sound)).ok());
}

/// Half a second of mono as its headers must not say it.
std::vector<std::string> odd_recordings() {
  const auto sound = wav(16'000);
  std::vector<std::string> all;
  for (const std::uint32_t byte_rate : {0U, 16'000U, 64'000U})
    all.push_back(std::string{sound}.replace(28, 4, little_endian(byte_rate, 4)));
  for (const std::uint32_t alignment : {0U, 1U, 4U})
    all.push_back(std::string{sound}.replace(32, 2, little_endian(alignment, 2)));
  for (const std::uint32_t size : {0U, 0xffffffffU, 1'000'000U}) // a recorder that cannot seek
    all.push_back(std::string{sound}.replace(40, 4, little_endian(size, 4)));
  for (const std::uint32_t size : {65'536U, 500'000U})
    all.push_back(
        std::string{sound}.insert(36, "LIST" + little_endian(size, 4) + std::string(size, 'x')));
  all.push_back(std::string{sound}
                    .replace(0, 4, "RF64")
                    .insert(12, "ds64" + little_endian(28, 4) + std::string(8, '\0') +
                                    little_endian(16'000, 4) + std::string(16, '\0')));
  return all;
}

TEST_F(uploads, with_odd_headers_are_the_backends_as_they_are) {
  gateway_process gateway{all_to(upstream)};
  upstream.set_script(answer_each([](const upstream_request&) {
    return answer_bytes(200, R"({"text":"heard","segments":[]})");
  }));
  for (const auto& sound : odd_recordings())
    for (const auto* path : {"/v1/audio/transcriptions", "/stt/transcribe", "/speakers/diarize"}) {
      const auto reply = post_form(gateway, path, form_of(form_field("model", "m"), sound));
      ASSERT_TRUE(reply.ok()) << path << reply.body;
      EXPECT_TRUE(parts_of(upstream.seen().back())[0].second == sound);
    }
}

TEST_F(uploads, may_be_called_as_browsers_escape_it) {
  gateway_process gateway{all_to(upstream)};
  for (const auto* name : {"a%0Ab.wav", "a%0D%0Ab.wav", "%0D%0AX-Evil: yes%0D%0A%0D%0A.wav"}) {
    const auto reply =
        post_form(gateway, "/speakers/diarize", form_file(wav(1000), name) + end_of_form);
    ASSERT_TRUE(reply.ok()) << reply.body;
    const auto parts = parts_of(upstream.seen().back());
    ASSERT_EQ(parts.size(), 1U);
    EXPECT_EQ(parts[0].first, "file;" + std::string{name}) << "escaped again";
  }
}

TEST_F(uploads, that_were_refused_leave_the_connection_in_order) {
  gateway_process gateway{all_to(upstream)};
  const auto form = form_of(form_field("language", "xx"), wav(3000));
  for (const std::size_t size : {100U, 1000U, 10'000U}) {
    auto client = gateway.connect();
    for (int i = 0; i < 3; ++i) {
      std::string request = "POST /stt/transcribe HTTP/1.1\r\nHost: localhost\r\n"
                            "Transfer-Encoding: chunked\r\n" +
                            form_type + "\r\n";
      for (std::size_t at = 0; at < form.size(); at += size)
        request += chunk(form.substr(at, size));
      client.send(request + chunk({}) + request_bytes("GET", "/livez"));
      EXPECT_EQ(client.read_reply().status, 422U) << size;
      const auto next = client.read_reply();
      EXPECT_EQ(next.status, 200U) << size << next.head;
      EXPECT_EQ(next.body, R"({"status":"alive"})");
    }
  }
}

TEST_F(uploads, have_a_size_limit) {
  gateway_process gateway{all_to(upstream, "limits: {max_upload_bytes: 1MiB}\n")};
  const auto large = form_of({}, wav(1'100'000));
  const auto announced = post_form(gateway, "/audio/denoise", large);
  EXPECT_EQ(announced.status, 413U) << announced.body;
  auto client = gateway.connect();
  client.send("POST /audio/denoise HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n" +
              form_type + "\r\n");
  for (std::size_t at = 0; at < large.size(); at += 50'000)
    client.send(chunk(large.substr(at, 50'000)));
  EXPECT_EQ(client.read_reply().status, 413U);
  EXPECT_EQ(upstream.requests(), 0U);
}

TEST_F(uploads, end_at_the_backend_when_the_client_leaves) {
  std::atomic<bool> gone{false};
  upstream.set_script([&](upstream_connection& connection) {
    connection.read_head();
    gone = connection.wait_until_peer_closes().has_value();
  });
  gateway_process gateway{all_to(upstream)};
  auto client = gateway.connect();
  client.send(request_bytes("POST", "/stt/transcribe", form_of({}, wav(300'000)), form_type)
                  .substr(0, 100'000));
  ASSERT_TRUE(upstream.wait_for_requests(1));
  client.close();
  EXPECT_TRUE(wait_until([&] { return gone.load(); }));
  EXPECT_TRUE(gateway.wait_for_metric("synapse_client_disconnects_total",
                                      R"(route="/stt/transcribe",phase="reading")", 1));
  EXPECT_TRUE(gateway.wait_for_metric("synapse_upstream_in_flight", R"(backend="whisper-stt")", 0));
}

TEST_F(uploads, may_be_answered_before_they_are_complete) {
  upstream.set_script([&](upstream_connection& connection) {
    connection.read_head();
    connection.reply(413, R"({"detail":"too long a recording"})");
    connection.wait_until_peer_closes();
  });
  gateway_process gateway{all_to(upstream)};
  auto client = gateway.connect();
  client.send(request_bytes("POST", "/stt/transcribe", form_of({}, wav(300'000)), form_type)
                  .substr(0, 100'000));
  const auto reply = client.read_reply();
  EXPECT_EQ(reply.status, 413U);
  EXPECT_EQ(text_at(reply.body, "/detail"), "too long a recording");
}

TEST_F(uploads, end_when_the_client_leaves_while_the_backend_takes_nothing) {
  std::atomic<bool> gone{false};
  upstream.set_script([&](upstream_connection& connection) {
    connection.read_head();
    gone = connection.wait_until_peer_hangs_up();
  });
  gateway_process gateway{all_to(upstream)};
  auto client = gateway.connect();
  const auto request =
      request_bytes("POST", "/stt/transcribe", form_of({}, wav(30'000'000)), form_type);
  EXPECT_LT(client.send_for(request, milliseconds{300}), request.size());
  client.reset(); // a FIN would wait behind what nobody reads
  EXPECT_TRUE(wait_until([&] { return gone.load(); }));
  EXPECT_TRUE(gateway.wait_for_metric("synapse_upstream_in_flight", R"(backend="whisper-stt")", 0));
}

TEST_F(uploads, leave_the_queue_when_their_client_does) {
  std::atomic<bool> go_on{false};
  upstream.set_script([&](upstream_connection& connection) {
    if (connection.read_request() && wait_until([&] { return go_on.load(); }))
      connection.reply(200, diarization);
  });
  gateway_process gateway{config_with(backend(
      "whisper-stt", upstream.url(), "type: faster-whisper, concurrency: {max_requests: 1}"))};
  const auto request =
      request_bytes("POST", "/stt/transcribe", form_of({}, wav(300'000)), form_type);
  auto first = gateway.connect();
  first.send(request);
  ASSERT_TRUE(upstream.wait_for_requests(1));
  auto second = gateway.connect();
  second.send(request.substr(0, 100'000)); // the rest of it never comes
  EXPECT_TRUE(gateway.wait_for_metric("synapse_upstream_waiting", R"(backend="whisper-stt")", 1));
  second.close();
  EXPECT_TRUE(gateway.wait_for_metric("synapse_upstream_waiting", R"(backend="whisper-stt")", 0));
  go_on = true;
  EXPECT_TRUE(first.read_reply().ok());
  EXPECT_EQ(upstream.requests(), 1U);
}

TEST_F(uploads, do_not_blame_the_client_for_a_backend_that_takes_its_time) {
  std::atomic<bool> go_on{false};
  upstream.set_script([&](upstream_connection& connection) {
    connection.read_head();
    wait_until([&] { return go_on.load(); });
    std::string tail;
    while (!tail.ends_with("\r\n0\r\n\r\n")) {
      const auto some = connection.read_some();
      if (some.empty())
        return;
      tail =
          (tail + some).substr(some.size() + tail.size() > 8 ? some.size() + tail.size() - 8 : 0);
    }
    connection.reply(200, diarization);
  });
  gateway_process gateway{all_to(upstream, "limits: {body_timeout: 200ms}\n")};
  auto client = gateway.connect();
  const auto request =
      request_bytes("POST", "/speakers/diarize", form_of({}, wav(30'000'000)), form_type);
  const auto taken = client.send_for(request, milliseconds{600}); // longer than the limit
  ASSERT_LT(taken, request.size());
  go_on = true;
  client.send(std::string_view{request}.substr(taken));
  const auto reply = client.read_reply();
  EXPECT_EQ(reply.status, 200U) << reply.body;
}

TEST_F(uploads, are_answered_early_by_a_backend_that_reads_no_further) {
  upstream.set_script([&](upstream_connection& connection) {
    connection.read_head();
    connection.reply(413, R"({"detail":"too long a recording"})");
    connection.wait_until_peer_hangs_up();
  });
  gateway_process gateway{all_to(upstream)};
  auto client = gateway.connect();
  client.send_for(request_bytes("POST", "/stt/transcribe", form_of({}, wav(30'000'000)), form_type),
                  milliseconds{300});
  EXPECT_EQ(client.read_reply().status, 413U);
}

TEST_F(uploads, are_not_taken_for_whole_by_an_early_success) {
  upstream.set_script([&](upstream_connection& connection) {
    connection.read_head();
    connection.reply(200, diarization);
    connection.wait_until_peer_closes();
  });
  gateway_process gateway{all_to(upstream)};
  auto client = gateway.connect();
  client.send(request_bytes("POST", "/speakers/diarize", form_of({}, wav(300'000)), form_type)
                  .substr(0, 100'000));
  const auto reply = client.read_reply();
  EXPECT_EQ(reply.status, 502U) << reply.body;
  EXPECT_EQ(text_at(reply.body, "/error"), "Speaker backend error");
}

TEST_F(uploads, go_on_behind_interim_answers) {
  upstream.set_script([&](upstream_connection& connection) {
    connection.read_head();
    connection.send("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n");
    std::string all = connection.read_some();
    connection.send("\r\n");
    while (all.find("\r\n0\r\n\r\n") == std::string::npos) {
      const auto some = connection.read_some();
      if (some.empty())
        return;
      all += some;
    }
    connection.reply(200, diarization);
  });
  gateway_process gateway{all_to(upstream)};
  EXPECT_TRUE(post_form(gateway, "/speakers/diarize", form_of({}, wav(2'000'000))).ok());
}

TEST_F(uploads, to_a_kept_connection_that_has_gone_stale_are_not_lost) {
  // The backend closes each connection right behind its answer, without having said so.
  upstream.set_script([&](upstream_connection& connection) {
    if (connection.read_request())
      connection.reply(200, diarization);
  });
  gateway_process gateway{all_to(upstream)};
  for (int i = 0; i < 10; ++i)
    EXPECT_TRUE(post_form(gateway, "/speakers/diarize", form_of({}, wav(5000))).ok()) << i;
}

TEST_F(uploads, get_the_backends_errors_in_the_routes_envelope) {
  gateway_process gateway{all_to(upstream)};
  const struct {
    const char* path;
    unsigned status;
    const char* type;
    std::string body;
    unsigned expected;
    json answer;
  } cases[] = {
      {"/stt/transcribe",
       422,
       "application/json",
       R"({"detail":[{"type":"missing","loc":["body","file"],"msg":"Field required"}]})",
       422,
       {{"detail",
         json::parse(R"([{"type":"missing","loc":["body","file"],"msg":"Field required"}])")},
        {"error", "STT backend error"}}},
      {"/stt/transcribe",
       500,
       "text/plain",
       "Internal Server Error",
       502,
       {{"detail", "Internal Server Error"}, {"error", "STT backend error"}}},
      {"/speakers/diarize",
       400,
       "application/json",
       R"({"detail":"too short"})",
       400,
       {{"detail", "too short"}, {"error", "Speaker backend error"}}},
      {"/audio/denoise",
       503,
       "text/html",
       "",
       503,
       {{"detail", "the backend answered with status 503"}, {"error", "Audio backend error"}}},
      {"/audio/convert",
       500,
       "text/plain",
       std::string(5000, 'x'),
       502,
       {{"detail", std::string(1000, 'x')}, {"error", "Audio backend error"}}},
  };
  for (const auto& one : cases) {
    upstream.set_script(answer_each([&](const upstream_request&) {
      return answer_bytes(one.status, one.body, one.type, "Retry-After: 7\r\n");
    }));
    const auto reply = post_form(gateway, one.path, form_of({}, wav(1000)));
    EXPECT_EQ(reply.status, one.expected) << one.path;
    EXPECT_EQ(json::parse(reply.body, nullptr, false), one.answer) << reply.body;
    EXPECT_EQ(reply.field("Retry-After"), one.expected == 503 ? "7" : "");
  }
  const closed_port nobody;
  gateway_process alone{config_with(backend(
      "whisper-stt", "http://127.0.0.1:" + std::to_string(nobody.port()), "retry: {attempts: 1}"))};
  const auto reply = post_form(alone, "/stt/transcribe", form_of({}, wav(1000)));
  EXPECT_EQ(reply.status, 503U);
  EXPECT_EQ(text_at(reply.body, "/error"), "Backend unavailable");
  const auto unserved = post_form(alone, "/audio/denoise", form_of({}, wav(1000)));
  EXPECT_EQ(unserved.status, 503U) << unserved.body;
  EXPECT_EQ(text_at(unserved.body, "/detail"), "no backend is configured for this route");
}

TEST_F(uploads, cost_little_memory_however_large_they_are) {
  if (sanitized)
    GTEST_SKIP() << "memory is no measure here";
  std::atomic<std::size_t> received{0};
  upstream.set_script([&](upstream_connection& connection) {
    connection.read_head();
    std::string tail;
    while (!tail.ends_with("\r\n0\r\n\r\n")) {
      const auto some = connection.read_some();
      if (some.empty())
        return;
      received += some.size();
      tail =
          (tail + some).substr(tail.size() + some.size() > 16 ? tail.size() + some.size() - 16 : 0);
    }
    connection.reply(200, diarization);
  });
  gateway_process gateway{all_to(upstream)};
  const auto form = form_of({}, wav(30'000'000));
  ASSERT_TRUE(post_form(gateway, "/speakers/diarize", form).ok());
  const auto before = gateway.resident_bytes();
  constexpr std::size_t count = 8;
  std::array<std::atomic<unsigned>, count> status{};
  std::vector<std::thread> senders;
  for (std::size_t i = 0; i < count; ++i)
    senders.emplace_back(
        [&, i] { status[i] = post_form(gateway, "/speakers/diarize", form).status; });
  std::size_t most = 0;
  EXPECT_TRUE(wait_until([&] {
    most = std::max(most, gateway.resident_bytes());
    return std::all_of(status.begin(), status.end(), [](const auto& s) { return s != 0; });
  }));
  for (auto& sender : senders)
    sender.join();
  for (const auto& s : status)
    EXPECT_EQ(s, 200U);
  EXPECT_GT(received, 9 * form.size() - 9 * 1000);
  EXPECT_LT(most - std::min(most, before), count * 1024 * 1024);
}

TEST_F(uploads, get_garbage_in_error_envelopes_as_far_as_it_makes_sense) {
  gateway_process gateway{all_to(upstream)};
  const std::string deep =
      R"({"detail":)" + std::string(100'000, '[') + std::string(100'000, ']') + "}";
  const std::pair<std::string, std::string> cases[] = {
      {deep, deep.substr(0, 1000)},
      {R"({"detail":{"odd":1}})", R"({"detail":{"odd":1}})"},
      {R"({"error":{"message":5}})", R"({"error":{"message":5}})"},
      {R"({"error":{"message":"said so"}})", "said so"},
      {R"({"detail":[]})", ""},
      {"\xff\xfe", "\xef\xbf\xbd\xef\xbf\xbd"},
  };
  for (const auto& [body, detail] : cases) {
    upstream.set_script(
        answer_each([&](const upstream_request&) { return answer_bytes(422, body); }));
    const auto reply = post_form(gateway, "/stt/transcribe", form_of({}, wav(1000)));
    EXPECT_EQ(reply.status, 422U) << body.substr(0, 100);
    EXPECT_EQ(text_at(reply.body, "/error"), "STT backend error");
    EXPECT_EQ(text_at(reply.body, "/detail"), detail) << reply.body.substr(0, 200);
  }
  const std::pair<unsigned, unsigned> statuses[] = {{404, 502}, {405, 502}, {302, 502}, {429, 429},
                                                    {401, 401}, {504, 504}, {501, 502}};
  for (const auto& [status, expected] : statuses) {
    upstream.set_script(answer_each([&](const upstream_request&) {
      return answer_bytes(status, R"({"detail":"x"})", "application/json", "Retry-After: 9\r\n");
    }));
    const auto reply = post_form(gateway, "/speakers/diarize", form_of({}, wav(1000)));
    EXPECT_EQ(reply.status, expected) << status;
    EXPECT_EQ(reply.field("Retry-After"), status == 429 ? "9" : "");
  }
}

// ---- recordings as answers ----

TEST_F(uploads, are_answered_with_recordings_as_they_come) {
  gateway_process gateway{all_to(upstream)};
  const auto sound = wav(50'000, 2, 48000);
  upstream.set_script(answer_each([&](const upstream_request&) {
    return answer_bytes(200, sound, "application/octet-stream", "X-Backend: hidden\r\n");
  }));
  const auto reply = post_form(gateway, "/audio/denoise", form_of({}, wav(1000)));
  ASSERT_TRUE(reply.ok());
  EXPECT_TRUE(reply.body == sound);
  EXPECT_EQ(reply.field("Content-Type"), "audio/wav");
  EXPECT_EQ(reply.field("Content-Disposition"), "attachment; filename=\"denoised.wav\"");
  EXPECT_EQ(reply.field("Content-Length"), std::to_string(sound.size()));
  EXPECT_EQ(reply.field("X-Backend"), "");
}

TEST_F(uploads, are_converted_into_the_format_named_before_or_behind_the_file) {
  gateway_process gateway{all_to(upstream)};
  const struct {
    std::string format, begins, type, filename;
  } formats[] = {
      {"", wav(100).substr(0, 40), "audio/wav", "converted.wav"},
      {"wav", wav(100).substr(0, 40), "audio/wav", "converted.wav"},
      {"mp3", "ID3\4", "audio/mpeg", "converted.mp3"},
      {"flac", "fLaC", "audio/flac", "converted.flac"},
      {"OGG", "OggS", "audio/ogg", "converted.ogg"},
  };
  for (const auto& one : formats)
    for (const bool behind : {false, true}) {
      const auto sound = one.begins + std::string(500, 'x');
      upstream.set_script(answer_each(
          [&](const upstream_request&) { return answer_bytes(200, sound, "text/html"); }));
      const auto fields = (one.format.empty() ? "" : form_field("output_format", one.format)) +
                          form_field("sample_rate", "8000") + form_field("bitrate", "96k");
      const auto reply = post_form(
          gateway, "/audio/convert",
          form_of(behind ? std::string{} : fields, wav(1000), behind ? fields : std::string{}));
      ASSERT_TRUE(reply.ok()) << reply.body;
      EXPECT_TRUE(reply.body == sound);
      EXPECT_EQ(reply.field("Content-Type"), one.type);
      EXPECT_EQ(reply.field("Content-Disposition"),
                "attachment; filename=\"" + one.filename + "\"");
      std::map<std::string, std::string> sent;
      for (const auto& [name, value] : parts_of(upstream.seen().back()))
        sent[name] = value;
      EXPECT_EQ(sent["output_format"], one.format.empty()    ? "wav"
                                       : one.format == "OGG" ? "ogg"
                                                             : one.format);
      EXPECT_EQ(sent["sample_rate"], "8000");
      EXPECT_EQ(sent["bitrate"], "96k");
    }
}

TEST_F(uploads, get_502_for_an_answer_that_is_no_recording_or_no_json) {
  gateway_process gateway{all_to(upstream)};
  const std::pair<const char*, std::string> cases[] = {
      {"/audio/denoise", "<html>an error page of some proxy</html>"},
      {"/audio/denoise", "OggS but WAV was asked for"},
      {"/audio/denoise", ""},
      {"/audio/denoise", "RIFF"},
      {"/stt/transcribe", "not JSON"},
      {"/stt/transcribe", ""},
      {"/speakers/diarize", "[1,2"},
      {"/speakers/verify", "null"},
  };
  for (const auto& [path, body] : cases) {
    upstream.set_script(
        answer_each([&](const upstream_request&) { return answer_bytes(200, body); }));
    const auto form = std::string_view{path} == "/speakers/verify"
                          ? form_file(wav(1000), "a.wav", "file1") +
                                form_file(wav(1000), "b.wav", "file2") + end_of_form
                          : form_of({}, wav(1000));
    const auto reply = post_form(gateway, path, form);
    EXPECT_EQ(reply.status, 502U) << path << body << reply.body;
    EXPECT_TRUE(json::parse(reply.body, nullptr, false).contains("detail")) << reply.body;
  }
}

TEST_F(uploads, never_make_a_broken_answer_look_whole) {
  gateway_process gateway{all_to(upstream)};
  const auto sound = wav(500'000);
  for (const bool chunked : {false, true}) {
    upstream.set_script([&](upstream_connection& connection) {
      connection.read_request();
      if (chunked) {
        connection.begin_chunked(200, "audio/wav");
        connection.send_chunk(std::string_view{sound}.substr(0, 100'000));
      } else {
        connection.send(answer_bytes(200, sound, "audio/wav").substr(0, 100'000));
      }
      connection.close();
    });
    const auto reply = post_form(gateway, "/audio/denoise", form_of({}, wav(1000)));
    EXPECT_EQ(reply.status, 200U);
    EXPECT_TRUE(reply.end == reply_end::cut || reply.end == reply_end::reset)
        << to_string(reply.end);
    upstream.set_script([&](upstream_connection& connection) {
      connection.read_request();
      connection.send(answer_bytes(200, diarization).substr(0, 100));
      connection.close();
    });
    EXPECT_EQ(post_form(gateway, "/speakers/diarize", form_of({}, wav(1000))).status, 502U)
        << "nothing of a JSON answer was sent";
  }
}

TEST_F(uploads, do_not_take_a_cut_off_recording_for_a_whole_one) {
  gateway_process gateway{all_to(upstream)};
  for (const std::size_t sent : {1000U, 5000U}) {
    upstream.set_script([&](upstream_connection& connection) {
      connection.read_request();
      connection.send("HTTP/1.1 200 OK\r\nContent-Type: audio/wav\r\n\r\n" +
                      wav(sent, 1, 48000, 5000));
    });
    const auto reply = post_form(gateway, "/audio/denoise", form_of({}, wav(1000)));
    EXPECT_EQ(reply.complete() && reply.status == 200, sent == 5000) << reply.status;
  }
}

TEST_F(uploads, answer_http_1_0_clients_too) {
  gateway_process gateway{all_to(upstream)};
  const auto sound = wav(50'000);
  upstream.set_script([&](upstream_connection& connection) {
    connection.read_request();
    connection.begin_chunked(200, "audio/wav");
    connection.send_chunk(sound);
    connection.end_chunks();
  });
  auto client = gateway.connect();
  const auto form = form_of({}, wav(1000));
  client.send("POST /audio/denoise HTTP/1.0\r\nContent-Length: " + std::to_string(form.size()) +
              "\r\n" + form_type + "\r\n" + form);
  const auto reply = client.read_reply();
  EXPECT_EQ(reply.status, 200U);
  EXPECT_TRUE(reply.until_close);
  EXPECT_TRUE(reply.body == sound);
}

} // namespace
} // namespace synapse::audio
