#include "backends/dsp/pitch.hpp"
#include "backends/engine/media.hpp"
#include "backends/engine/private_folder.hpp"
#include "backends/engine/subprocess.hpp"
#include "backends/recognition/recognizer.hpp"
#include "backends/speech/reference_store.hpp"
#include "backends/speech/voices.hpp"
#include "tests/backends/sounds.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <thread>

namespace synapse::backends::test {
namespace {

using testing::HasSubstr;
using program_ending = program_result::ending;

program_result run_shell(const std::string& script, const stop_signal& stop,
                         std::chrono::milliseconds limit = std::chrono::seconds(60)) {
  program_call call;
  call.program = "/bin/sh";
  call.arguments = {"-c", script};
  call.limit = limit;
  call.largest_output = 1000;
  return run_program(call, stop);
}

TEST(subprocess, gives_output_and_status) {
  stop_signal never;
  auto good = run_shell("echo hello", never);
  EXPECT_TRUE(good.good());
  EXPECT_EQ(good.output, "hello\n");
  auto bad = run_shell("echo why >&2; exit 3", never);
  EXPECT_EQ(bad.reason(), "ended with status 3: why");
  EXPECT_EQ(run_shell("kill -9 $$", never).how, program_ending::signaled);
}

TEST(subprocess, inherits_no_descriptors_and_no_signal_mask) {
  stop_signal never;
  // 3 is the descriptor of the folder that ls itself reads.
  EXPECT_EQ(run_shell("ls /proc/self/fd | tr '\\n' ' '", never).output, "0 1 2 3 ");
  EXPECT_THAT(run_shell("grep SigBlk /proc/self/status", never).output,
              HasSubstr("0000000000000000"));
}

TEST(subprocess, kills_what_is_too_slow_or_writes_too_much_children_included) {
  stop_signal never;
  EXPECT_EQ(run_shell("sleep 1000 & sleep 1000", never, std::chrono::milliseconds(50)).how,
            program_ending::too_long);
  EXPECT_EQ(run_shell("yes", never).how, program_ending::too_much);
}

TEST(subprocess, stops_when_told_to) {
  stop_signal stop;
  std::thread other{[&] { stop.raise(); }};
  EXPECT_EQ(run_shell("sleep 1000", stop).how, program_ending::stopped);
  other.join();
  EXPECT_EQ(run_shell("sleep 1000", stop).how, program_ending::stopped);
}

TEST(subprocess, says_that_a_program_is_not_there) {
  EXPECT_EQ(find_program("no-such-program-anywhere"), "");
  EXPECT_EQ(find_program("/no/such/program"), "");
  EXPECT_NE(find_program("sh"), "");
  stop_signal never;
  program_call call;
  call.program = "/no/such/program";
  EXPECT_THAT(run_program(call, never).reason(), HasSubstr("could not be started"));
}

TEST(private_folder, goes_with_all_that_is_in_it) {
  watched_folder parent;
  private_folder folder{parent.path()};
  write_file(folder.file("a"), "abc");
  EXPECT_EQ(read_file(folder.file("a")), "abc");
  EXPECT_EQ(std::filesystem::status(folder.path()).permissions(),
            std::filesystem::perms::owner_all);
  EXPECT_THROW(read_file(folder.file("b")), std::runtime_error);
}

TEST(media, does_not_follow_playlists) {
  // A playlist that names a file of this machine is no sound, whatever that file is.
  private_folder folder;
  write_file(folder.file("secret.wav"), to_wav(tone(440, 1)));
  auto list = "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile://" + folder.file("secret.wav") +
              "\n#EXT-X-ENDLIST\n";
  EXPECT_THROW(heard(list), engine_error);
  EXPECT_THROW(heard("ffconcat version 1.0\nfile " + folder.file("secret.wav") + "\n"),
               engine_error);
}

TEST(pitch, of_tones_is_right) {
  for (double hz : {80.0, 110.0, 171.0, 250.0, 350.0})
    EXPECT_NEAR(median_pitch(tone(hz, 0.5)), hz, hz * 0.01);
  EXPECT_EQ(median_pitch(with_noise(tone(0, 1), 0.1F)), 0);
  EXPECT_EQ(median_pitch(sound{}), 0);
}

TEST(voices, predefined_ones_all_sound_different) {
  const auto& all = predefined_voices();
  EXPECT_EQ(all.size(), 28U);
  for (std::size_t i = 0; i < all.size(); ++i)
    for (std::size_t k = i + 1; k < all.size(); ++k)
      EXPECT_FALSE(all[i].flite == all[k].flite && std::abs(all[i].pitch - all[k].pitch) < 0.015)
          << all[i].name << " and " << all[k].name;
  EXPECT_EQ(find_predefined("Alice.wav")->flite, "slt");
  EXPECT_EQ(find_predefined("Alice.mp3"), nullptr);
  EXPECT_EQ(find_predefined("Alice"), nullptr);
}

TEST(voices, the_nearest_one_has_the_nearest_pitch) {
  EXPECT_EQ(nearest_voice(210).flite, "slt");
  EXPECT_EQ(nearest_voice(128).flite, "awb");
  EXPECT_EQ(nearest_voice(101).flite, "rms");
  EXPECT_EQ(nearest_voice(80).flite, "kal16");
  EXPECT_EQ(nearest_voice(0).hz, 0);
}

TEST(reference_store, names_are_made_harmless) {
  EXPECT_EQ(sanitized_name("my voice (1).wav"), "my_voice__1_.wav");
  EXPECT_EQ(sanitized_name("../../etc/passwd"), ".._.._etc_passwd");
  auto long_one = sanitized_name(std::string(300, 'a').append(".wav"));
  EXPECT_EQ(long_one.size(), 100U);
  EXPECT_TRUE(long_one.ends_with(".wav"));
}

TEST(hypotheses, are_split_at_pauses_without_fillers) {
  auto segments = read_hypotheses("one two three\n<s> 0.000 0.100 1.000000\none 0.110 0.400 0.9\n"
                                  "two(2) 0.410 0.700 1.002\n<sil> 0.710 1.500 0.9\n"
                                  "[NOISE] 1.51 1.52 0.1\nthree 1.530 1.900 0.5\n</s> 1.9 2.0 1\n"
                                  "four\n<s> 2.0 2.1 1\nfour 2.110 2.5 0.25\n");
  ASSERT_EQ(segments.size(), 3U);
  EXPECT_EQ(segments[0].text(), "one two");
  EXPECT_EQ(segments[0].end(), 0.7);
  EXPECT_EQ(segments[0].words[1].probability, 1);
  EXPECT_EQ(segments[1].text(), "three");
  EXPECT_EQ(segments[2].start(), 2.11);
  transcript all{segments, 3};
  EXPECT_EQ(all.text(), "one two three four");
  EXPECT_NEAR(all.confidence(), (0.9 + 1 + 0.5 + 0.25) / 4, 1e-4);
  EXPECT_TRUE(read_hypotheses("").empty());
}

} // namespace
} // namespace synapse::backends::test
