// The voice library as clients see it: uploads on real sockets, files on a real disk, a real kill
// -9.
#include "tests/integration/configs.hpp"
#include "tests/support/forms.hpp"
#include "tests/support/gateway_process.hpp"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <csignal>
#include <map>
#include <mutex>
#include <random>
#include <set>
#include <thread>

namespace synapse::integration {
namespace {

namespace fs = std::filesystem;
using json = nlohmann::json;
using support::gateway_process;
using support::http_reply;
using support::milliseconds;
using support::wait_until;

using support::end_of_form;
using support::form_type;
using support::wav;
const auto& boundary = support::form_boundary;

std::string field(std::string_view name, std::string_view value) {
  return support::form_field(name, value);
}
std::string file(std::string_view content, std::string_view filename = "a.wav",
                 std::string_view name = "files") {
  return support::form_file(content, filename, name);
}

struct voices : testing::Test {
  gateway_process::options options(int status = 0) const {
    gateway_process::options how;
    how.environment["SYNAPSE_VOICE_LIBRARY_DIR"] = library.string();
    how.expected_status = status;
    return how;
  }
  /// Answered when all is on disk, and that may be a slow one.
  static constexpr milliseconds disk_patience = 4 * support::patience;
  static http_reply send(const gateway_process& gateway, const std::string& path,
                         const std::string& form) {
    return gateway.connect({.limit = disk_patience}).post(path, form, form_type);
  }
  static http_reply create(const gateway_process& gateway, const std::string& form) {
    return send(gateway, "/voices", form);
  }
  static http_reply remove(const gateway_process& gateway, const std::string& path) {
    auto client = gateway.connect({.limit = disk_patience});
    client.send(support::request_bytes("DELETE", path));
    return client.read_reply();
  }
  static json list(const gateway_process& gateway) {
    const auto reply = gateway.get("/voices");
    EXPECT_EQ(reply.status, 200U) << reply.body;
    return json::parse(reply.body, nullptr, false);
  }
  /// Names of what is in the library's directory, voices aside.
  std::set<std::string> leftovers() const {
    std::set<std::string> result;
    // The gateway is ready before it has made the directory.
    std::error_code none_yet;
    for (const auto& entry : fs::directory_iterator{library, none_yet})
      if (const auto name = entry.path().filename().string();
          name.starts_with(".incoming") || name.starts_with(".trash"))
        result.insert(name);
    return result;
  }

  support::temporary_directory files;
  fs::path library = files.path() / "library";
  support::scripted_upstream upstream{echo()};
  std::string config = chat_config(upstream);
};

TEST_F(voices, are_created_listed_extended_and_deleted) {
  gateway_process gateway{config, options()};
  EXPECT_EQ(list(gateway), json::array());
  const auto made = create(gateway, field("name", " Anna ") + file(wav(32000)) +
                                        file(wav(16000, 2), "b.WAV") + end_of_form);
  ASSERT_EQ(made.status, 201U) << made.body;
  const auto voice = json::parse(made.body);
  const auto id = voice["voice_id"].get<std::string>();
  EXPECT_EQ(voice["name"], "Anna");
  EXPECT_EQ(voice["references_count"], 2);
  EXPECT_EQ(voice["references"], json({"ref_001.wav", "ref_002.wav"}));
  EXPECT_EQ(voice.size(), 4U);
  EXPECT_EQ(support::read_file(library / id / "references/ref_002.wav"), wav(16000, 2));
  EXPECT_EQ(json::parse(support::read_file(library / id / "metadata.json"))["duration_seconds"],
            1.5);

  const auto more =
      send(gateway, "/voices/" + id + "/references", file(wav(100), "c.wav") + end_of_form);
  ASSERT_EQ(more.status, 200U) << more.body;
  EXPECT_EQ(json::parse(more.body)["references_count"], 3);
  const auto all = list(gateway);
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0]["voice_id"], id);
  EXPECT_EQ(all[0]["references_count"], 3);
  EXPECT_FALSE(all[0]["created_at"].get<std::string>().empty());

  const auto gone = remove(gateway, "/voices/" + id);
  EXPECT_EQ(gone.status, 200U);
  EXPECT_EQ(json::parse(gone.body), json({{"status", "deleted"}, {"voice_id", id}}));
  const auto gone_already = remove(gateway, "/voices/" + id);
  EXPECT_EQ(gone_already.status, 404U);
  EXPECT_EQ(json::parse(gone_already.body)["detail"], "Voice not found: " + id);
  EXPECT_EQ(list(gateway), json::array());
  EXPECT_FALSE(fs::exists(library / id));
  EXPECT_TRUE(leftovers().empty());
}

TEST_F(voices, take_a_name_that_comes_last_and_bodies_in_any_framing) {
  gateway_process gateway{config, options()};
  const auto form = file(wav(5000)) + field("unknown", "ignored") + field("name", "late") +
                    end_of_form + "an epilogue";
  EXPECT_EQ(create(gateway, form).status, 201U);
  for (const std::size_t size : {1U, 7U, 4096U}) {
    auto client = gateway.connect({.limit = disk_patience});
    client.send("POST /voices HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n" +
                form_type + "\r\n");
    for (std::size_t at = 0; at < form.size(); at += size)
      client.send(support::chunk(form.substr(at, size)));
    client.send(support::chunk({}) + support::request_bytes("GET", "/livez"));
    EXPECT_EQ(client.read_reply().status, 201U) << size;
    EXPECT_TRUE(client.read_reply().ok()) << "the connection goes on";
  }
  EXPECT_EQ(list(gateway).size(), 4U);
}

TEST_F(voices, of_bad_forms_are_refused_by_name_and_leave_nothing_behind) {
  gateway_process gateway{config, options()};
  const auto named = field("name", "x");
  std::string eleven = named;
  for (int i = 0; i < 11; ++i)
    eleven += file(wav(100));
  auto lying = wav(100);
  lying.replace(22, 2, std::string(2, '\0')); // no channels
  const struct {
    const char* what;
    std::string form;
    unsigned status;
    std::string says;
  } cases[] = {
      {"no file", named + end_of_form, 422, "files"},
      {"no name", file(wav(100)) + end_of_form, 422, "name"},
      {"wrong field for the file", named + file(wav(100), "a.wav", "file") + end_of_form, 422,
       "files"},
      {"empty name", field("name", "  ") + file(wav(100)) + end_of_form, 400, "name"},
      {"long name", field("name", std::string(201, 'n')) + file(wav(100)) + end_of_form, 400,
       "name"},
      {"very long name", field("name", std::string(20'000, 'n')) + file(wav(100)) + end_of_form,
       400, "name"},
      {"name twice", named + named + file(wav(100)) + end_of_form, 400, "name"},
      {"files as text", named + field("files", "x") + end_of_form, 400, "files"},
      {"empty file", named + file("", "empty.wav") + end_of_form, 400, "empty.wav"},
      {"43 bytes", named + file(wav(0).substr(0, 43), "short.wav") + end_of_form, 400, "short.wav"},
      {"no audio", named + file(std::string(1000, 'x'), "text.wav") + end_of_form, 400, "text.wav"},
      {"no channels", named + file(lying, "lying.wav") + end_of_form, 400, "lying.wav"},
      {"of lines", named + file("", "a%0Ab.wav") + end_of_form, 400, "a b.wav"},
      {"of samples without a format",
       named + file("RIFF" + std::string(4, '\0') + "WAVEdata" + std::string(100, '\0'), "d.wav") +
           end_of_form,
       400, "d.wav"},
      {"second file is none", named + file(wav(100)) + file("RIFF", "b.wav") + end_of_form, 400,
       "b.wav"},
      {"eleven files", eleven + end_of_form, 400, "more than 10"},
      {"no end", named + file(wav(100)), 400, "closing delimiter"},
      {"no end within a file", named + file(wav(100)).substr(0, 150), 400, "closing delimiter"},
      {"bare LF", "--" + boundary + "\n\n", 400, ""},
  };
  for (const auto& one : cases) {
    const auto reply = create(gateway, one.form);
    EXPECT_EQ(reply.status, one.status) << one.what << reply.body;
    EXPECT_NE(reply.body.find(one.says), std::string::npos) << one.what << reply.body;
    EXPECT_TRUE(json::parse(reply.body).contains("detail")) << one.what;
  }
  const auto by_name = named + "--" + boundary +
                       "\r\nContent-Disposition: form-data; name=\"files\"; filename=\"a.mp3\"\r\n"
                       "Content-Type: audio/mpeg\r\n\r\n" +
                       wav(100) + "\r\n" + end_of_form;
  EXPECT_EQ(create(gateway, by_name).status, 400U);
  EXPECT_EQ(gateway.post("/voices", "{}", json_type).status, 415U);
  EXPECT_EQ(gateway.post("/voices", "x", "Content-Type: multipart/form-data\r\n").status, 400U);
  const auto nobody = gateway.post("/voices/0/references", file(wav(100)) + end_of_form, form_type);
  EXPECT_EQ(nobody.status, 404U);
  EXPECT_EQ(json::parse(nobody.body)["detail"], "Voice not found: 0");
  EXPECT_EQ(list(gateway), json::array());
  EXPECT_TRUE(wait_until([&] { return leftovers().empty(); }));
}

TEST_F(voices, with_odd_headers_are_taken_and_measured_by_what_is_there) {
  gateway_process gateway{config, options()};
  const auto sound = wav(48'000); // one and a half seconds
  const auto le = support::little_endian;
  const std::string odd[] = {
      std::string{sound}.replace(28, 4, le(0, 4)),          // byte rate
      std::string{sound}.replace(28, 4, le(16'000, 4)),     // half of it
      std::string{sound}.replace(28, 4, le(64'000, 4)),     // twice of it
      std::string{sound}.replace(32, 2, le(4, 2)),          // block alignment
      std::string{sound}.replace(40, 4, le(0, 4)),          // a size that nobody could go back to
      std::string{sound}.replace(40, 4, le(0xffffffff, 4)), // likewise
      std::string{sound}.replace(40, 4, le(36'000'000, 4)), // or only guessed
      std::string{sound}.insert(36, "JUNK" + le(70'000, 4) + std::string(70'000, '\0')),
      std::string{sound}
          .replace(0, 4, "RF64")
          .insert(12, "ds64" + le(28, 4) + std::string(8, '\0') + le(48'000, 4) +
                          std::string(16, '\0')),
  };
  for (const auto& one : odd) {
    const auto made = create(gateway, field("name", "x") + file(one, "a%0Ab.wav") + end_of_form);
    ASSERT_EQ(made.status, 201U) << made.body;
    const auto id = json::parse(made.body)["voice_id"].get<std::string>();
    EXPECT_EQ(support::read_file(library / id / "references/ref_001.wav"), one);
    EXPECT_EQ(json::parse(support::read_file(library / id / "metadata.json"))["duration_seconds"],
              1.5);
  }
}

TEST_F(voices, may_have_50_mib_and_no_byte_more) {
  gateway_process gateway{config, options()};
  constexpr std::size_t most = 50U * 1024 * 1024;
  const auto fits = wav(most - 44);
  EXPECT_EQ(create(gateway, field("name", "x") + file(fits) + end_of_form).status, 201U);
  const auto reply =
      create(gateway, field("name", "x") + file(fits + "!", "big.wav") + end_of_form);
  EXPECT_EQ(reply.status, 400U);
  EXPECT_NE(reply.body.find("big.wav: larger than 50 MB"), std::string::npos) << reply.body;
  EXPECT_EQ(list(gateway).size(), 1U);
}

TEST_F(voices, cost_little_memory_while_they_arrive) {
  if (support::sanitized)
    GTEST_SKIP() << "memory is no measure here";
  gateway_process gateway{config, options()};
  ASSERT_EQ(create(gateway, field("name", "x") + file(wav(1000)) + end_of_form).status, 201U);
  const auto before = gateway.resident_bytes();
  std::vector<std::thread> senders;
  const auto large = wav(20'000'000);
  constexpr int uploads = 8;
  std::array<unsigned, uploads> status{};
  std::atomic<int> ended{0};
  for (int i = 0; i < uploads; ++i)
    senders.emplace_back([&, i] {
      status[static_cast<std::size_t>(i)] =
          create(gateway, field("name", "x") + file(large) + end_of_form).status;
      ++ended;
    });
  std::size_t most = 0;
  wait_until(
      [&] {
        most = std::max(most, gateway.resident_bytes());
        return ended == uploads;
      },
      disk_patience);
  for (auto& sender : senders)
    sender.join();
  for (const auto s : status)
    EXPECT_EQ(s, 201U);
  EXPECT_LT(most - std::min(most, before), std::size_t{uploads} * 1024 * 1024);
}

TEST_F(voices, are_listed_while_others_arrive_and_a_client_that_leaves_leaves_nothing) {
  gateway_process gateway{config, options()};
  auto client = gateway.connect();
  const auto form = field("name", "half") + file(wav(300'000)) + end_of_form;
  client.send(support::request_bytes("POST", "/voices", form, form_type).substr(0, 200'000));
  EXPECT_TRUE(wait_until([&] { return leftovers().size() == 1; }));
  EXPECT_EQ(list(gateway), json::array());
  EXPECT_EQ(create(gateway, field("name", "whole") + file(wav(100)) + end_of_form).status, 201U);
  client.close();
  EXPECT_TRUE(wait_until([&] { return leftovers().empty(); }));
  EXPECT_EQ(list(gateway).size(), 1U);
}

TEST_F(voices, get_all_references_of_uploads_at_the_same_time) {
  gateway_process gateway{config, options()};
  const auto made = create(gateway, field("name", "x") + file(wav(100)) + end_of_form);
  const auto id = json::parse(made.body)["voice_id"].get<std::string>();
  std::vector<std::thread> senders;
  for (int i = 0; i < 8; ++i)
    senders.emplace_back([&, i] {
      const auto form = file(wav(1000, static_cast<char>('a' + i))) + end_of_form;
      EXPECT_EQ(send(gateway, "/voices/" + id + "/references", form).status, 200U);
    });
  for (auto& sender : senders)
    sender.join();
  EXPECT_EQ(list(gateway)[0]["references_count"], 9);
  std::set<std::string> contents;
  for (const auto& entry : fs::directory_iterator{library / id / "references"})
    contents.insert(support::read_file(entry.path()));
  EXPECT_EQ(contents.size(), 9U);
}

TEST_F(voices, survive_a_kill_once_they_were_acknowledged) {
  std::set<std::string> acknowledged;
  for (int round = 0; round < 3; ++round) {
    gateway_process gateway{config, options(128 + SIGKILL)};
    for (int i = 0; i < 3; ++i) {
      const auto made = create(gateway, field("name", "x") + file(wav(2000)) + end_of_form);
      ASSERT_EQ(made.status, 201U) << made.body;
      acknowledged.insert(json::parse(made.body)["voice_id"].get<std::string>());
    }
    auto half = gateway.connect();
    const auto form = field("name", "half") + file(wav(300'000)) + end_of_form;
    half.send(support::request_bytes("POST", "/voices", form, form_type).substr(0, 200'000));
    EXPECT_TRUE(wait_until([&] { return leftovers().size() == 1; }));
    gateway.signal(SIGKILL);
    EXPECT_EQ(gateway.wait_exit(), 128 + SIGKILL);
  }
  gateway_process gateway{config, options()};
  std::set<std::string> found;
  for (const auto& voice : list(gateway)) {
    found.insert(voice["voice_id"].get<std::string>());
    EXPECT_EQ(voice["references_count"], 1);
  }
  EXPECT_EQ(found, acknowledged);
  EXPECT_TRUE(leftovers().empty());
}

TEST_F(voices, survive_hundreds_of_kills_in_the_midst_of_uploads) {
  constexpr int rounds = support::sanitized ? 20 : 200;
  constexpr std::size_t uploaders = 3;
  // In memory where there is room: a kill takes nothing from it either, and a slow disk would make
  // hours of this.
  std::string in_memory = "/dev/shm/synapse-voices-XXXXXX";
  std::error_code none;
  const bool room = fs::space("/dev/shm", none).available > 48U * 1024 * 1024 && !none &&
                    ::mkdtemp(in_memory.data()) != nullptr;
  if (room)
    library = fs::path{in_memory} / "library";
  std::mutex mutex;
  std::map<std::string, int> acknowledged; // voice → references that it has for certain
  std::minstd_rand random{7};
  for (int round = 0; round < rounds; ++round) {
    gateway_process gateway{config, options(128 + SIGKILL)};
    std::atomic<std::size_t> answers{0}, left{uploaders};
    std::vector<std::thread> clients;
    for (std::size_t i = 0; i < uploaders; ++i)
      clients.emplace_back([&, i] {
        for (std::string id;;) {
          const auto form = (id.empty() ? field("name", "x") : std::string{}) +
                            file(wav(2000 + 5000 * i)) + end_of_form;
          const auto path = id.empty() ? std::string{"/voices"} : "/voices/" + id + "/references";
          http_reply reply;
          try {
            reply = gateway.post(path, form, form_type);
          } catch (const std::runtime_error&) {
            break; // nobody listens any more
          }
          if (!reply.complete() || reply.status / 100 != 2)
            break;
          const auto made = json::parse(reply.body);
          const std::lock_guard lock{mutex};
          acknowledged[made["voice_id"]] = made["references_count"];
          // Now and then a voice gets more references.
          id = id.empty() && answers % 2 == 0 ? made["voice_id"].get<std::string>() : std::string{};
          ++answers;
        }
        --left;
      });
    const auto enough = 1 + random() % 6;
    EXPECT_TRUE(wait_until([&] { return answers >= enough || left == 0; }));
    gateway.signal(SIGKILL);
    EXPECT_EQ(gateway.wait_exit(), 128 + SIGKILL);
    for (auto& client : clients)
      client.join();
  }
  gateway_process gateway{config, options()};
  std::map<std::string, int> found;
  for (const auto& voice : list(gateway))
    found[voice["voice_id"]] = voice["references_count"];
  for (const auto& [id, references] : acknowledged)
    EXPECT_GE(found[id], references) << id << " was acknowledged";
  // What was not acknowledged may be there, but then it is whole: its files are on the disk.
  for (const auto& [id, references] : found) {
    int files = 0;
    for (const auto& entry : fs::directory_iterator{library / id / "references"})
      files += entry.file_size() > 2000;
    EXPECT_EQ(files, references) << id;
  }
  EXPECT_TRUE(leftovers().empty());
  EXPECT_GE(acknowledged.size(), static_cast<std::size_t>(rounds) / 2);
  if (room)
    fs::remove_all(in_memory);
}

TEST_F(voices, are_those_of_all_gateways_on_the_directory) {
  gateway_process a{config, options()}, b{config, options()};
  const auto made = create(a, field("name", "Anna") + file(wav(2000)) + end_of_form);
  ASSERT_EQ(made.status, 201U) << made.body;
  const auto id = json::parse(made.body)["voice_id"].get<std::string>();
  EXPECT_EQ(list(b).size(), 1U) << "with the very next request";
  const auto more = send(b, "/voices/" + id + "/references", file(wav(100), "c.wav") + end_of_form);
  ASSERT_EQ(more.status, 200U) << more.body;
  EXPECT_EQ(list(a)[0]["references_count"], 2);
  EXPECT_EQ(list(a)[0], list(b)[0]);
  EXPECT_EQ(remove(b, "/voices/" + id).status, 200U);
  EXPECT_EQ(list(a), json::array());
  EXPECT_EQ(remove(a, "/voices/" + id).status, 404U);
  EXPECT_EQ(send(a, "/voices/" + id + "/references", file(wav(100)) + end_of_form).status, 404U);
}

TEST_F(voices, arrive_while_another_gateway_is_killed_and_started_anew) {
  gateway_process steady{config, options()};
  const auto form = field("name", "half") + file(wav(300'000)) + end_of_form;
  const auto request = support::request_bytes("POST", "/voices", form, form_type);
  auto slow = steady.connect({.limit = disk_patience});
  slow.send(request.substr(0, 200'000));
  EXPECT_TRUE(wait_until([&] { return leftovers().size() == 1; }));
  std::set<std::string> made;
  for (int round = 0; round < 3; ++round) {
    gateway_process killed{config, options(128 + SIGKILL)};
    const auto reply = create(killed, field("name", "x") + file(wav(2000)) + end_of_form);
    ASSERT_EQ(reply.status, 201U) << reply.body;
    made.insert(json::parse(reply.body)["voice_id"].get<std::string>());
    auto cut = killed.connect();
    cut.send(request.substr(0, 200'000));
    EXPECT_TRUE(wait_until([&] { return leftovers().size() == 2; }));
    killed.signal(SIGKILL);
    EXPECT_EQ(killed.wait_exit(), 128 + SIGKILL);
    EXPECT_EQ(list(steady).size(), made.size());
  }
  slow.send(request.substr(200'000));
  const auto reply = slow.read_reply();
  ASSERT_EQ(reply.status, 201U) << "its upload was taken for a leftover: " << reply.body;
  made.insert(json::parse(reply.body)["voice_id"].get<std::string>());
  EXPECT_TRUE(leftovers().empty()) << "the next change has cleared away what the dead have left";
  std::set<std::string> found;
  for (const auto& voice : list(steady))
    found.insert(voice["voice_id"].get<std::string>());
  EXPECT_EQ(found, made);
}

TEST_F(voices, of_ids_that_are_none_do_not_exist) {
  gateway_process gateway{config, options()};
  support::write_file(files.path() / "precious", "x");
  for (const char* id :
       {"..%2fprecious", "%2fetc", ".", "precious", "%2e", "00000000-0000-0000-0000-000000000000"})
    EXPECT_EQ(remove(gateway, std::string{"/voices/"} + id).status, 404U) << id;
  for (const char* id : {"a%00b", "..%5cx", "../../precious", "%zz"})
    EXPECT_EQ(remove(gateway, std::string{"/voices/"} + id).status, 400U) << id;
  for (const char* id : {"..", "%2e%2e"}) // that is "/"
    EXPECT_EQ(remove(gateway, std::string{"/voices/"} + id).status, 405U) << id;
  EXPECT_TRUE(fs::exists(files.path() / "precious"));
}

TEST_F(voices, without_a_disk_are_507_and_come_back_with_it) {
  support::write_file(library, "a file where the library should be");
  gateway_process gateway{config, options()};
  const auto refused = gateway.get("/voices");
  EXPECT_EQ(refused.status, 507U) << refused.body;
  EXPECT_TRUE(gateway.wait_for_log("voice library"));
  EXPECT_EQ(create(gateway, field("name", "x") + file(wav(100)) + end_of_form).status, 507U);
  EXPECT_TRUE(gateway.post(chat_path, chat_body, json_type).ok()) << "the rest goes on";
  fs::remove(library);
  EXPECT_EQ(list(gateway), json::array());
  EXPECT_EQ(create(gateway, field("name", "x") + file(wav(100)) + end_of_form).status, 201U);
}

} // namespace
} // namespace synapse::integration
