// The same transform, and then its phases read out: qubit k carries the phase 2 pi 5 2^k / 16, which is turned
// back before a Hadamard gate, so that every bit is 0 if each phase was right.
OPENQASM 2.0;
include "qelib1.inc";
qreg q[4];
creg c[4];
x q[0];
x q[2];
barrier q;
h q[3];
cp(pi/2) q[3], q[2];
cp(pi/4) q[3], q[1];
cp(pi/8) q[3], q[0];
h q[2];
cp(pi/2) q[2], q[1];
cp(pi/4) q[2], q[0];
h q[1];
cp(pi/2) q[1], q[0];
h q[0];
swap q[0], q[3];
swap q[1], q[2];
barrier q;
p(-5*pi/8) q[0];
p(-5*pi/4) q[1];
p(-5*pi/2) q[2];
p(-5*pi) q[3];
h q;
measure q -> c;
